#include "replay_source.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "require_classes.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"

namespace winnow::train {

namespace {

const at::Tensor& need(const std::map<std::string, at::Tensor>& tensors, const std::string& name) {
  auto found = tensors.find(name);
  if (found == tensors.end()) throw DataError(fmt::format("the recorded run has no tensor '{}'", name));
  return found->second;
}

}  // namespace

ReplaySource::ReplaySource(const Settings& settings, const Replay& replay, at::TensorOptions real)
    : replay_(replay), device_(real.device()), order_(need(replay.tensors, "order")),
      classes_(settings.integer("classes")) {
  if (order_.dim() != 3) throw DataError("the recorded order is not epochs x steps x batch");
  auto same = [&](const char* key, std::int64_t found) {
    if (settings.integer(key) != found)
      throw DataError(fmt::format("{} = {}, the recorded order has {}", key, settings.integer(key), found));
  };
  same("train.epochs", order_.size(0));
  same("train.batch", order_.size(2));
  const auto& tensors = replay.tensors;
  auto moved = [&](const at::Tensor& tensor) { return device::to_device(tensor, real.device()); };
  at::ScalarType type = real.dtype().toScalarType();
  if (tensors.count("given")) given_on_host_ = tensors.at("given");
  if (given_on_host_.defined()) {
    require_classes(given_on_host_, classes_, "the recorded given labels");
    given_ = moved(given_on_host_);
  }
  if (tensors.count("candidates")) candidates_ = moved(tensors.at("candidates").to(type));
  else if (given_.defined()) candidates_ = moved(at::one_hot(given_on_host_, classes_).to(type));
  for (const auto& [name, tensor] : tensors) handed_over_[name] = moved(tensor);
  for (const auto& [split, name] : replay.labels) labels_[split] = moved(need(tensors, name));
  if (auto own = tensors.find("order_label"); own != tensors.end()) {
    order_label_ = own->second;
    if (!order_label_.sizes().equals(order_.sizes())) throw DataError("order_label has another shape than the order");
  }
}

std::int64_t ReplaySource::size(const std::string& split) const {
  auto found = replay_.views.find(split);
  if (found == replay_.views.end() || found->second.empty())
    throw InternalError(fmt::format("a recorded run has no split '{}'", split));
  return need(replay_.tensors, found->second.begin()->second).size(0);
}

at::Tensor ReplaySource::inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                                std::int64_t) {
  if (view.empty()) return device::to_device(ids, device_);  // a class's prompt is its number
  auto found = replay_.views.find(split);
  if (found == replay_.views.end() || !found->second.count(view))
    throw DataError(fmt::format("the recorded run has no view '{}' of split '{}'", view, split));
  return device::to_device(need(replay_.tensors, found->second.at(view)).index_select(0, ids), device_);
}

std::vector<Batch> ReplaySource::batches(std::int64_t epoch) {
  std::vector<Batch> result;
  for (std::int64_t step = 0; step < order_.size(1); ++step) {
    at::Tensor all = order_[epoch][step], there = all >= 0;  // a short batch is filled up with -1
    at::Tensor ids = all.masked_select(there);
    if (ids.numel() == 0)
      throw DataError(fmt::format("the recorded order has no sample in epoch {}, step {}", epoch, step));
    Batch batch{ids, {}};
    if (order_label_.defined()) batch.given = order_label_[epoch][step].masked_select(there);
    else if (given_on_host_.defined()) batch.given = given_on_host_.index_select(0, ids);
    result.push_back(std::move(batch));
  }
  return result;
}

const at::Tensor& ReplaySource::given() {
  if (!given_.defined()) throw DataError("the recorded run has no given labels");
  return given_;
}

const at::Tensor& ReplaySource::labels(const std::string& split) {
  auto found = labels_.find(split);
  return found == labels_.end() ? Source::labels(split) : found->second;
}

const at::Tensor& ReplaySource::candidates() {
  if (!candidates_.defined()) throw DataError("the recorded run has neither candidate sets nor given labels");
  return candidates_;
}

std::optional<at::Tensor> ReplaySource::recorded(std::string_view purpose, std::int64_t epoch, std::int64_t step,
                                                 std::int64_t iteration, std::int64_t index, bool) {
  auto found = replay_.draws.find(std::string(purpose));
  if (found == replay_.draws.end()) return std::nullopt;
  const at::Tensor& all = found->second.values;
  at::Tensor value;
  switch (found->second.axes) {
    case Replay::Axes::epoch: value = all[epoch]; break;
    case Replay::Axes::epoch_and_index: value = all[epoch][index]; break;
    case Replay::Axes::iteration: value = all[iteration]; break;
    case Replay::Axes::iteration_and_index: value = all[iteration][index]; break;
    case Replay::Axes::epoch_and_step: value = all[epoch][step]; break;
  }
  return value.is_floating_point() ? value : value.masked_select(value >= 0);
}

}  // namespace winnow::train
