// What of an engine outlives its process, what must be equal in all processes of a gang, and what lies in memory of its
// own.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cstring>
#include <set>

#include "own_memory.h"
#include "saved_entries.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/train/engine.h"

namespace winnow::train {

std::map<std::string, Tensor> Engine::changing() const {
  std::map<std::string, Tensor> result;
  auto collect = [&](const auto& parts) {
    for (const auto& [name, part] : parts)
      for (const model::Parameter& parameter : part.kind->weights().all())
        if (parameter.trainable || parameter.averaged)
          result[fmt::format("parameter/{}/{}", name, parameter.name)] = parameter.value;
  };
  collect(networks_);
  collect(modules_);
  for (const auto& [name, trained] : optimisers_)
    for (const auto& [part, tensor] : trained.optimiser.state())
      result[fmt::format("optimiser/{}/{}", name, part)] = tensor;
  for (const auto& [name, tensor] : average_.state()) result["average/" + name] = tensor;
  for (const auto& [name, state] : states_) result["state/" + name] = state.value;
  for (const auto& [name, stream] : streams_) result["stream/" + name] = stream.fixed;
  return result;
}

std::map<std::string, Tensor> Engine::save() const {
  std::map<std::string, Tensor> saved = changing();
  for (const auto& [name, state] : states_)
    if (!state.history.empty()) saved["history/" + name] = at::stack(state.history);
  for (const auto& [name, log] : logs_)
    if (!log.empty()) saved["log/" + name] = log.all();
  for (const auto& [name, gradients] : first_gradients_) saved["gradient/" + name] = gradients;
  saved["iteration"] = at::tensor({iteration_}, at::kLong);
  return saved;
}

void Engine::require_fit(SavedEntries& saved, std::int64_t epochs, std::int64_t iterations) const {
  if (std::int64_t counted = saved.need("iteration", {1}, at::kLong).item<std::int64_t>(); counted != iterations)
    throw DataError(fmt::format("it counts {} steps, at its place there are {}", counted, iterations));
  for (const auto& [name, tensor] : changing()) saved.need(name, tensor.sizes(), tensor.scalar_type());
  for (const auto& [name, state] : states_) {
    if (!has_history(state) || epochs == 0) continue;
    std::vector<std::int64_t> shape = state.value.sizes().vec();
    shape.insert(shape.begin(), epochs);
    saved.need("history/" + name, shape, state.value.scalar_type());
  }
  if (iterations > 0) saved.need_series("log/loss", iterations);
  for (const std::string& name : saved.names("log/"))
    if (name != "loss") saved.need_series("log/" + name, -1);  // a method logs what it likes, not in every step
  for (const auto& [name, trained] : optimisers_)              // one that was never updated has none
    if (const Tensor& flat = trained.optimiser.flat(); flat.defined() && saved.has("gradient/" + name))
      saved.need("gradient/" + name, flat.sizes(), flat.scalar_type());
}

void Engine::load(const std::map<std::string, Tensor>& saved) {
  texts_.clear();
  at::NoGradGuard no_gradient;
  for (auto& [name, tensor] : changing()) tensor.copy_(saved.at(name));
  for (auto& [name, trained] : optimisers_) trained.optimiser.resumed();
  for (auto& [name, state] : states_)
    if (auto found = saved.find("history/" + name); found != saved.end())
      state.history = found->second.to(state.value.device()).unbind(0);
  for (const auto& [name, tensor] : saved) {
    if (name.starts_with("log/")) logs_[name.substr(4)].load(tensor);
    if (name.starts_with("gradient/")) first_gradients_[name.substr(9)] = tensor;
  }
  iteration_ = saved.at("iteration").item<std::int64_t>();
  renew();
}

void Engine::renew() {
  texts_.clear();
  for (auto& [name, part] : networks_) part.kind->weights().renew();
  for (auto& [name, part] : modules_) part.kind->weights().renew();
}

void Engine::require_own_memory() const {
  std::vector<Held> written, read;
  std::set<const void*> seen;  // a sharing network's tower comes once
  auto collect = [&](const char* what, const auto& parts) {
    for (const auto& [name, part] : parts) {
      if (!seen.insert(part.kind.get()).second) continue;
      for (const model::Parameter& parameter : part.kind->weights().all())
        written.push_back({fmt::format("'{}' of {} '{}'", parameter.name, what, name), parameter.value});
    }
  };
  collect("network", networks_);
  collect("module", modules_);
  for (const auto& [name, state] : states_) written.push_back({fmt::format("state '{}'", name), state.value});
  for (const auto& [name, tensor] : average_.state())
    written.push_back({fmt::format("the average of '{}'", name), tensor});
  for (const auto& [name, trained] : optimisers_) {
    written.push_back({fmt::format("the gradients of optimiser '{}'", name), trained.optimiser.flat()});
    for (const auto& [part, tensor] : trained.optimiser.state())
      written.push_back({fmt::format("'{}' of optimiser '{}'", part, name), tensor});
  }
  for (const auto& [name, tensor] : architecture_.originals())
    read.push_back({fmt::format("the model's '{}'", name), tensor});
  for (const auto& [name, tensor] : source_.handed_over())
    read.push_back({fmt::format("the input '{}'", name), tensor});
  train::require_own_memory(written, read);
}

// A process whose numbers drift apart from the others' would otherwise be found in the results, or never.
void Engine::require_equal_parameters() const {
  std::vector<std::string> names;
  std::vector<Hash128> digests;
  for (const auto& [name, tensor] : changing()) {
    if (!name.starts_with("parameter/")) continue;
    Tensor host = tensor.detach().cpu().contiguous();
    names.push_back(name.substr(10));
    digests.push_back(hash_of(std::span(static_cast<const std::byte*>(host.const_data_ptr()), host.nbytes())));
  }
  std::vector<Hash128> first = digests;
  collective_.broadcast(std::as_writable_bytes(std::span(first)));
  Tensor differs = at::zeros({static_cast<std::int64_t>(names.size())}, at::TensorOptions(at::kLong));
  for (std::size_t i = 0; i < names.size(); ++i) differs[static_cast<std::int64_t>(i)] = first[i] == digests[i] ? 0 : 1;
  Tensor everywhere = differs.to(facts_.real.device());
  collective_.sum(everywhere);
  everywhere = everywhere.cpu();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (everywhere[static_cast<std::int64_t>(i)].item<std::int64_t>() != 0)
      throw DeviceError(fmt::format(
          "epoch {}: the processes of the gang no longer agree: '{}' differs in {} of {} processes from the first's",
          epoch_, names[i], everywhere[static_cast<std::int64_t>(i)].item<std::int64_t>(), collective_.size()));
}

}  // namespace winnow::train
