// What a method declares an engine to be made of.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <functional>
#include <utility>

#include "winnow/core/error.h"
#include "winnow/train/engine.h"

namespace winnow::train {

const Engine::Part<model::Tower>& Engine::network_of(const std::string& name) const {
  auto found = networks_.find(name);
  if (found == networks_.end()) throw InternalError(fmt::format("the method declared no network '{}'", name));
  return found->second;
}

const Engine::Part<model::Module>& Engine::module_of(const std::string& name) const {
  auto found = modules_.find(name);
  if (found == modules_.end()) throw InternalError(fmt::format("the method declared no module '{}'", name));
  return found->second;
}

namespace {

// A copy moves towards its source by steps that fp16 rounds to nothing: it would stay where it started, silently.
void require_steps_are_kept(const std::string& name, const model::Weights& weights) {
  for (const model::Parameter& parameter : weights.all())
    if (parameter.trainable && parameter.value.scalar_type() == at::kHalf)
      throw UsageError(
          fmt::format("train.precision = fp16-pure: '{}' is a running average of '{}', whose steps are too small for "
                      "fp16; take fp16, bf16 or fp32",
                      name, parameter.name));
}

}  // namespace

void Engine::add_network(const std::string& name, method::TowerKind kind, const std::string& copy_of,
                         const std::string& shares) {
  if (!shares.empty()) {
    networks_[name] = {network_of(shares).kind, "", {}, /*unadapted=*/true};
    return;
  }
  Part<model::Tower> added{architecture_.tower(copy_of.empty() ? name : copy_of, kind), copy_of};
  added.of_images = kind != method::TowerKind::text;
  added.kind->weights().to(facts_.real.device());
  if (!copy_of.empty()) require_steps_are_kept(name, added.kind->weights());
  if (!copy_of.empty()) added.kind->weights().copy_from(network_of(copy_of).kind->weights());
  networks_[name] = std::move(added);
}

void Engine::add_prompts(const std::string& name, std::int64_t contexts) {
  Part<model::Tower> added{architecture_.prompts(name, contexts), ""};
  added.kind->weights().to(facts_.real.device());
  networks_[name] = std::move(added);
}

void Engine::build_module(const std::string& name, std::function<std::unique_ptr<model::Module>()> make) {
  Part<model::Module> added{make(), "", std::move(make)};
  added.kind->weights().to(facts_.real.device());
  modules_[name] = std::move(added);
}

void Engine::add_head(const std::string& name, method::HeadStart start) {
  build_module(name, [this, name, start] { return architecture_.head(name, start); });
}

void Engine::add_module(const std::string& name, const method::ModuleMaker& maker) {
  build_module(name, [this, name, maker] { return maker(architecture_.place(name)); });
}

void Engine::add_module_copy(const std::string& name, const std::string& source) {
  const Part<model::Module>& original = module_of(source);
  build_module(name, original.make);
  require_steps_are_kept(name, original.kind->weights());
  modules_.at(name).source = source;
  modules_.at(name).kind->weights().copy_from(original.kind->weights());
}

void Engine::add_stream(const std::string& name, const std::string& members) {
  if (state(members).sizes() != at::IntArrayRef{facts_.samples})
    throw InternalError(fmt::format("stream '{}': the state '{}' is not one number a sample", name, members));
  streams_[name] = {members, at::zeros({facts_.samples}, facts_.real.dtype(at::kByte)), {}};
}

model::Weights& Engine::weights_of(const std::string& name) {
  if (networks_.count(name)) return networks_.at(name).kind->weights();
  return module_of(name).kind->weights();
}

void Engine::add_optimiser(const std::string& name, const std::vector<std::string>& parts, const std::string& table) {
  std::vector<model::Tower*> networks;
  std::vector<model::Weights*> modules;
  std::vector<model::Parameter*> parameters;
  for (const std::string& part : parts) {
    model::Weights& weights = weights_of(part);
    weights.train_what_is_trainable();
    if (auto network = networks_.find(part); network != networks_.end()) networks.push_back(network->second.kind.get());
    else modules.push_back(&weights);
    for (model::Parameter* parameter : weights.trained()) parameters.push_back(parameter);
  }
  optimisers_.emplace(name, Trained{Optimiser(*facts_.settings, std::move(parameters), table), std::move(networks),
                                    std::move(modules), table});
}

void Engine::add_state(const std::string& name, Tensor initial, method::Keep keep) {
  states_[name] = {initial.detach().clone(), keep, {}};
}

std::int64_t Engine::width(const std::string& name) const {
  std::int64_t columns = networks_.count(name) ? networks_.at(name).kind->width() : module_of(name).kind->width();
  if (columns == 0) throw InternalError(fmt::format("module '{}' has no width of its own", name));
  return columns;
}

}  // namespace winnow::train
