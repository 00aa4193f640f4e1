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
  for (const char* name : {"mask", "queue", "queue_label"})
    if (tensors.count(name)) handed_over_[name] = moved(tensors.at(name));
}

std::int64_t ReplaySource::size(const std::string& split) const {
  if (split != "train") throw InternalError(fmt::format("a recorded run has no split '{}'", split));
  return need(replay_.tensors, replay_.views.at("plain")).size(0);
}

at::Tensor ReplaySource::inputs(const std::string&, const std::string& view, const at::Tensor& ids, std::int64_t) {
  auto found = replay_.views.find(view);
  if (found == replay_.views.end()) throw DataError(fmt::format("the recorded run has no view '{}'", view));
  return device::to_device(need(replay_.tensors, found->second).index_select(0, ids), device_);
}

std::vector<Batch> ReplaySource::batches(std::int64_t epoch) {
  std::vector<Batch> result;
  for (std::int64_t step = 0; step < order_.size(1); ++step) {
    at::Tensor ids = order_[epoch][step];
    ids = ids.masked_select(ids >= 0);  // a short batch is filled up with -1
    if (ids.numel() == 0)
      throw DataError(fmt::format("the recorded order has no sample in epoch {}, step {}", epoch, step));
    result.push_back({ids, given_on_host_.defined() ? given_on_host_.index_select(0, ids) : at::Tensor()});
  }
  return result;
}

const at::Tensor& ReplaySource::given() {
  if (!given_.defined()) throw DataError("the recorded run has no given labels");
  return given_;
}

const at::Tensor& ReplaySource::candidates() {
  if (!candidates_.defined()) throw DataError("the recorded run has neither candidate sets nor given labels");
  return candidates_;
}

std::optional<at::Tensor> ReplaySource::recorded(std::string_view purpose, std::int64_t epoch, std::int64_t step,
                                                 std::int64_t iteration, std::int64_t index, bool in_pass) {
  auto found = replay_.draws.find(std::string(purpose));
  if (found == replay_.draws.end()) return std::nullopt;
  const at::Tensor& all = found->second;
  at::Tensor value;
  if (in_pass)  // epochs first
    value = all[epoch];
  else if (purpose == "noise")  // steps over all epochs first
    value = all[iteration];
  else if (purpose.starts_with("mix."))  // the same, then the index
    value = all[iteration][index];
  else  // epochs x steps first
    value = all[epoch][step];
  return value.is_floating_point() ? value : value.masked_select(value >= 0);
}

}  // namespace winnow::train
