#include "winnow/train/engine.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <set>

#include "kept_features.h"
#include "stage_seed.h"
#include "winnow/core/error.h"
#include "winnow/method/weight_average.h"
#include "winnow/train/schedule.h"
#include "winnow/train/scopes.h"

namespace winnow::train {

namespace {

Tensor cut(const Tensor& rows, std::int64_t first, std::int64_t last) { return rows.narrow(0, first, last - first); }

}  // namespace

Engine::Engine(method::Facts facts, Source& source, model::Architecture& architecture, comm::Collective& collective,
               std::int64_t chunk)
    : facts_(std::move(facts)), source_(source), architecture_(architecture), collective_(collective), chunk_(chunk),
      bad_(at::full({}, -1, facts_.real.dtype(at::kLong))) {}

void Engine::set_up(method::Method& method) {
  method::Setup setup(*this);
  method.setup(setup);
  std::vector<model::Parameter*> trained;
  for (const auto& [name, own] : optimisers_)
    trained.insert(trained.end(), own.optimiser.parameters().begin(), own.optimiser.parameters().end());
  average_ = EpochAverage(*facts_.settings, facts_.epochs, std::move(trained));
  require_own_memory();
  find_frozen();
}

void Engine::use_kept_features(KeptFeatures* kept) { kept_features_ = collective_.size() == 1 ? kept : nullptr; }

// A copy may follow what is trained.
void Engine::find_frozen() {
  if (!kept_features_) return;
  for (const auto& [name, part] : networks_) {
    if (!part.of_images || !part.source.empty() || part.unadapted || !part.kind->weights().trained().empty()) continue;
    if (auto function = kept_features_->function_of(*part.kind, source_)) frozen_[name] = *function;
  }
}

void Engine::settle_features() {
  if (kept_features_) kept_features_->settle();
}

void Engine::begin_steps(bool resumed) {
  for (auto& [name, stream] : streams_) {
    if (!resumed) stream.fixed.copy_(state(stream.members) != 0);
    stream.order = order_of(name, stream);
  }
}

StreamOrder Engine::order_of(const std::string& name, const SampleStream& stream) const {
  Tensor host = device::to_host(stream.fixed);
  std::vector<std::int64_t> members;
  auto add = [&](std::int64_t i) {
    if (host.const_data_ptr<std::uint8_t>()[i]) members.push_back(i);
  };
  if (auto recorded = source_.recorded("stream." + name, epoch_, 0, iteration_, 0, /*in_pass=*/true)) {
    if (!std::get<0>(recorded->sort()).equal(at::arange(facts_.samples)))
      throw DataError(fmt::format("the recorded order of stream '{}' in epoch {} is not one of all {} samples", name,
                                  epoch_, facts_.samples));
    for (std::int64_t place = 0; place < facts_.samples; ++place) add((*recorded)[place].item<std::int64_t>());
    return StreamOrder::recorded(std::move(members));
  }
  for (std::int64_t i = 0; i < host.size(0); ++i) add(i);
  return {std::move(members), name, stage_seed(*facts_.settings), epoch_};
}

void Engine::begin_step(std::int64_t step) {
  step_ = step;
  in_step_ = true;
  calls_.clear();
  stale_.clear();
  step_loss_.reset();
  forwards_ = 0;
  for (auto& [name, part] : networks_) part.kind->forget_forwards();
}

void Engine::end_step() {
  last_loss_ = step_loss_ ? *step_loss_ : at::zeros({}, facts_.real);
  logs_.at("loss").add(last_loss_);
  in_step_ = false;
  ++iteration_;
}

void Engine::end_epoch() {
  calls_.clear();
  stale_.clear();
  for (auto& [name, state] : states_)
    if (has_history(state)) state.history.push_back(state.value.clone());
  for (auto& [name, log] : logs_) log.settle();
  settle_features();
  if (average_.end_epoch(epoch_)) renew();
  if (collective_.size() > 1) require_equal_parameters();
}

double Engine::rate(const std::string& table) const {
  return learning_rate(*facts_.settings, table,
                       {epoch_, facts_.epochs, iteration_, facts_.epochs * facts_.steps_per_epoch});
}

std::optional<std::int64_t> Engine::bad_iteration() const {
  auto iteration = bad_.item<std::int64_t>();
  return iteration < 0 ? std::nullopt : std::optional(iteration);
}

std::map<std::string, Tensor> Engine::parameters() const {
  std::map<std::string, Tensor> result;
  auto add = [&](const std::string& name, const auto& part) {
    for (const model::Parameter& parameter : part.kind->weights().all()) {
      std::string own = (part.source.empty() ? "" : name + ".") + parameter.name;
      auto [there, added] = result.emplace(own, parameter.value);
      if (!added && !there->second.is_same(parameter.value))
        result.emplace(fmt::format("{}.{}", name, own), parameter.value);
    }
  };
  if (auto main = networks_.find("main"); main != networks_.end()) add("main", main->second);
  for (const auto& [name, part] : networks_)
    if (name != "main") add(name, part);
  for (const auto& [name, part] : modules_) add(name, part);
  return result;
}

std::map<std::string, Tensor> Engine::trained_parameters() const {
  std::map<std::string, Tensor> result;
  std::set<const void*> trained;
  for (const auto& [name, own] : optimisers_)
    for (const model::Parameter* parameter : own.optimiser.parameters())
      trained.insert(parameter->value.unsafeGetTensorImpl());
  for (const auto& [name, own] : optimisers_)  // without its averages nothing trained can be evaluated
    for (const model::Weights* weights : own.weights())
      for (const model::Parameter& parameter : weights->all())
        if (parameter.averaged) trained.insert(parameter.value.unsafeGetTensorImpl());
  for (const auto& [name, tensor] : parameters())
    if (trained.count(tensor.unsafeGetTensorImpl())) result.emplace(name, tensor);
  return result;
}

std::map<std::string, Tensor> Engine::logged() const {
  std::map<std::string, Tensor> result;
  for (const auto& [name, log] : logs_) result[name] = log.all();
  return result;
}

std::map<std::string, double> Engine::figures() const {
  std::vector<std::string> names;
  std::vector<Tensor> values;
  for (const auto& [name, state] : states_)
    if (state.value.dim() == 0) {
      names.push_back(name);
      values.push_back(state.value.to(at::kDouble));
    }
  std::map<std::string, double> result;
  if (names.empty()) return result;
  Tensor host = device::to_host(at::stack(values));
  for (std::size_t i = 0; i < names.size(); ++i) result[names[i]] = host.const_data_ptr<double>()[i];
  return result;
}

std::map<std::string, Tensor> Engine::states() const {
  std::map<std::string, Tensor> result;
  for (const auto& [name, state] : states_)
    result[name] = state.history.empty() ? state.value : at::stack(state.history);
  return result;
}

bool Engine::has_input(std::string_view name) const { return source_.handed_over().count(std::string(name)) != 0; }

const Tensor& Engine::input(std::string_view name) {
  auto found = source_.handed_over().find(std::string(name));
  if (found == source_.handed_over().end()) throw InternalError(fmt::format("no earlier stage hands over '{}'", name));
  return found->second;
}

method::Ids Engine::stream(const std::string& name) {
  auto found = streams_.find(name);
  if (found == streams_.end()) throw InternalError(fmt::format("the method declared no stream '{}'", name));
  return {at::tensor(found->second.order.batch(step_, facts_.batch), at::kLong), facts_.real.device()};
}

Tensor Engine::apply(const std::string& module, const std::vector<Tensor>& inputs) {
  RECORD_USER_SCOPE(scope::module);
  return module_of(module).kind->apply(inputs, at::GradMode::is_enabled());
}

Tensor Engine::state(const std::string& name) {
  auto found = states_.find(name);
  if (found == states_.end()) throw InternalError(fmt::format("the method declared no state '{}'", name));
  return found->second.value;
}

std::vector<Tensor> Engine::differentiate(const Tensor& loss, const std::vector<Tensor>& leaves) const {
  if (!loss.requires_grad() || leaves.empty()) return std::vector<Tensor>(leaves.size());
  RECORD_USER_SCOPE(scope::loss);
  // The graph is kept: a method may update several optimisers from losses that share parts of it.
  return torch::autograd::grad({loss}, leaves, {}, /*retain_graph=*/true, /*create_graph=*/false,
                               /*allow_unused=*/true);
}

void Engine::add_gradients(const Call& call, const std::vector<Tensor>& at_leaves, Trained& trained) {
  std::vector<model::Parameter*> parameters = call.tower->weights().trained();
  std::vector<Tensor> handles;
  for (model::Parameter* parameter : parameters) handles.push_back(parameter->use);
  std::map<model::Parameter*, std::size_t> position;
  for (std::size_t i = 0; i < trained.optimiser.parameters().size(); ++i)
    position[trained.optimiser.parameters()[i]] = i;

  for (auto [first, last] : chunks_of(call.ids.size())) {
    if (first == last && !call.tower->has_batch_statistics())
      continue;  // others need this process's part of their sums
    std::vector<Tensor> outputs = call.graph;
    if (outputs.empty()) {  // chunks: the rows again, this time with their graph
      at::AutoGradMode with_gradient(true);
      model::Outputs again = rows(call, first, last);
      for (auto& [name, tensor] : again.all()) outputs.push_back(tensor);
    }
    std::vector<Tensor> reached, output_gradients;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!at_leaves[i].defined() || !outputs[i].requires_grad()) continue;
      reached.push_back(outputs[i]);
      output_gradients.push_back(cut(at_leaves[i], first, last));
    }
    if (reached.empty()) continue;
    RECORD_USER_SCOPE(scope::backward);
    std::vector<Tensor> shares = torch::autograd::grad(reached, handles, output_gradients, /*retain_graph=*/false,
                                                       /*create_graph=*/false, /*allow_unused=*/true);
    for (std::size_t i = 0; i < shares.size(); ++i)
      if (shares[i].defined()) trained.optimiser.gradient(position.at(parameters[i])).add_(shares[i]);
  }
}

void Engine::update(const std::string& name, const Tensor& loss) {
  texts_.clear();
  auto found = optimisers_.find(name);
  if (found == optimisers_.end()) throw InternalError(fmt::format("the method declared no optimiser '{}'", name));
  Trained& trained = found->second;
  if (loss.numel() != 1)
    throw InternalError(fmt::format("update of '{}' takes one scalar, got {} values", name, loss.numel()));
  if (!step_loss_) step_loss_ = loss.detach().reshape({}).clone();
  bad_ =
      at::where(at::isfinite(loss.detach()).reshape({}).logical_or(bad_ >= 0), bad_, at::full_like(bad_, iteration_));

  auto mine = [&](const Call& call) {
    return std::find(trained.networks.begin(), trained.networks.end(), call.tower) != trained.networks.end();
  };
  std::vector<Tensor> leaves;
  for (const Call& call : calls_)
    if (mine(call)) leaves.insert(leaves.end(), call.leaves.begin(), call.leaves.end());
  std::size_t module_start = leaves.size();
  std::vector<model::Parameter*> module_parameters;
  for (model::Weights* weights : trained.modules)
    for (model::Parameter* parameter : weights->trained()) {
      leaves.push_back(parameter->use);
      module_parameters.push_back(parameter);
    }
  std::size_t stale_start = leaves.size();
  leaves.insert(leaves.end(), stale_.begin(), stale_.end());
  const Tensor& scale = trained.optimiser.loss_scale();
  std::vector<Tensor> gradients = differentiate(scale.defined() ? loss * scale : loss, leaves);
  for (std::size_t i = stale_start; i < leaves.size(); ++i)
    if (gradients[i].defined())
      throw InternalError(
          fmt::format("the loss of '{}' uses an output from before an update of its network or module", name));

  at::NoGradGuard no_gradient;
  Optimiser& optimiser = trained.optimiser;
  optimiser.zero();
  std::size_t leaf = 0;
  for (const Call& call : calls_) {
    if (!mine(call)) continue;
    std::vector<Tensor> at_leaves(gradients.begin() + static_cast<std::ptrdiff_t>(leaf),
                                  gradients.begin() + static_cast<std::ptrdiff_t>(leaf + call.leaves.size()));
    leaf += call.leaves.size();
    add_gradients(call, at_leaves, trained);
  }
  // A module's gradient is complete on every process and counts once: process 0's enters the sum.
  if (collective_.rank() == 0)
    for (std::size_t i = 0; i < module_parameters.size(); ++i) {
      const auto& all = optimiser.parameters();
      auto at = static_cast<std::size_t>(std::find(all.begin(), all.end(), module_parameters[i]) - all.begin());
      if (gradients[module_start + i].defined()) optimiser.gradient(at).add_(gradients[module_start + i]);
    }
  RECORD_USER_SCOPE(scope::optimiser);
  if (optimiser.flat().defined()) collective_.sum(optimiser.flat());
  optimiser.unscale();
  if (!first_gradients_.count(name) && optimiser.flat().defined()) first_gradients_[name] = optimiser.flat().clone();
  optimiser.step(rate(trained.table));

  stale_.insert(stale_.end(), leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(stale_start));
  std::erase_if(calls_, mine);
  for (model::Tower* tower : trained.networks) {
    tower->weights().renew();
    tower->move_averages();
  }
  for (model::Weights* weights : trained.modules) weights->renew();
}

void Engine::follow(const std::string& copy, double momentum) {
  RECORD_USER_SCOPE(scope::optimiser);
  texts_.clear();
  at::NoGradGuard no_gradient;
  const std::string& source = networks_.count(copy) ? networks_.at(copy).source : module_of(copy).source;
  if (source.empty()) throw InternalError(fmt::format("'{}' is no copy: it follows nothing", copy));
  auto& own = weights_of(copy).all();
  auto& others = weights_of(source).all();
  for (std::size_t i = 0; i < own.size(); ++i)  // what is frozen is equal already, and rounding would move it
    if (others[i].trained || others[i].averaged) method::move_towards(own[i].value, others[i].value, momentum);
}

void Engine::log(const std::string& name, const Tensor& value) {
  if (name == "loss")
    throw InternalError(
        "the method logs 'loss', which the engine records at the first update of each step: take another name");
  if (value.numel() != 1)
    throw InternalError(fmt::format("the method logs {} values as '{}': it takes one", value.numel(), name));
  StepLog& log = logs_[name];
  if (!log.takes(value.scalar_type()))
    throw InternalError(fmt::format("the method logs '{}' in another type than before", name));
  log.add(value.detach().reshape({}).clone());
}

Tensor Engine::draw(std::string_view purpose, std::int64_t index, bool in_pass,
                    const std::function<Tensor(Stream&)>& make) {
  RECORD_USER_SCOPE(scope::inputs);
  if (auto recorded = source_.recorded(purpose, epoch_, step_, iteration_, index, in_pass)) return *recorded;
  auto item = static_cast<std::uint32_t>(in_pass ? 0 : step_);
  Stream stream =
      Streams(stage_seed(*facts_.settings), fmt::format("draw.{}", purpose), static_cast<std::uint64_t>(index))
          .at(static_cast<std::uint32_t>(epoch_), item);
  Tensor made = make(stream);
  return made.is_floating_point() ? made.to(facts_.real.dtype().toScalarType()) : made;
}

}  // namespace winnow::train
