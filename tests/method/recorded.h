// A small recorded run that any method of kind `train` can be driven through, and the stage for it from the method's
// preset.
#pragma once

#include <ATen/ATen.h>

#include "../method_defaults.h"
#include "winnow/core/stream.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/train/execute.h"

namespace winnow::method {

inline at::Tensor random_tensor(at::IntArrayRef shape, std::uint64_t seed, double low = -1, double high = 1) {
  at::Tensor result = at::empty(shape, at::TensorOptions(at::kDouble));
  double* values = result.mutable_data_ptr<double>();
  Stream stream = Streams(seed, "test").at(0, 0);
  for (std::int64_t i = 0; i < result.numel(); ++i) values[i] = stream.uniform(low, high);
  return result;
}

// `candidates`: N x C, or undefined: given labels i mod C. Two views of d_in = 5 numbers, features of 4, batches of B
// in the order of the samples, the last one filled up. What the modules of all methods need is there.
inline train::Replay recorded_run(std::int64_t N, std::int64_t C, std::int64_t B, std::int64_t epochs,
                                  at::Tensor candidates = {}) {
  constexpr std::int64_t kIn = 5, kWidth = 4;
  std::int64_t steps = (N + B - 1) / B;
  at::Tensor order = at::full({steps * B}, -1, at::TensorOptions(at::kLong));
  order.narrow(0, 0, N).copy_(at::arange(N));
  train::Replay result;
  std::uint64_t seed = 1;
  auto random = [&](at::IntArrayRef shape) { return random_tensor(shape, seed++); };
  result.tensors = {{"main", random({kWidth, kIn})},
                    {"generator", random({kWidth, kIn})},
                    {"head", random({C, kWidth})},
                    {"generator_head", random({C, kWidth})},
                    {"tail", random({C, kWidth})},
                    {"second", random({kWidth, kIn})},
                    {"second_head", random({C, kWidth})},
                    {"attention.weight", random({2, 2 * C})},
                    {"attention.bias", random({2})},
                    {"neck.w1", random({kWidth, kWidth})},
                    {"neck.b1", random({kWidth})},
                    {"neck.w2", random({3, kWidth})},
                    {"neck.b2", random({3})},
                    {"x_w", random({N, kIn})},
                    {"x_a", random({N, kIn})},
                    {"prompts", random({2 * C, kWidth})},
                    {"head.weight", random({C, kWidth})},
                    {"text_features", random({N, kWidth})},
                    {"text_head", random({C, kWidth})},
                    {"class_texts", random({C, kWidth})},
                    {"weight", random_tensor({N, C}, 50, 0.1, 1)},
                    {"teacher_logits", random({N, C})},
                    {"class_texts.weight", random({C, kWidth})},
                    {"projector.0.weight", random({kWidth, kWidth})},
                    {"projector.0.bias", random({kWidth})},
                    {"projector.1.weight", random({kWidth})},
                    {"projector.1.bias", random({kWidth})},
                    {"projector.3.weight", random({kWidth, kWidth})},
                    {"projector.3.bias", random({kWidth})},
                    {"cache.keys", random({N, kWidth})},
                    {"cache_label", at::arange(N).remainder(C)},
                    {"x_s", random({N, kIn})},
                    {"order", order.view({1, steps, B}).expand({epochs, steps, B}).contiguous()},
                    {"given", at::arange(N).remainder(C)},
                    {"second_neck.w1", random({kWidth, kWidth})},
                    {"second_neck.b1", random({kWidth})},
                    {"second_neck.w2", random({3, kWidth})},
                    {"second_neck.b2", random({3})},
                    {"pseudo_head", random({C, kWidth})},
                    {"second_pseudo_head", random({C, kWidth})},
                    {"x_s2", random({N, kIn})}};
  if (candidates.defined()) result.tensors["candidates"] = candidates;
  result.views["train"] = {{"plain", "x_w"},         {"weak", "x_w"}, {"again", "x_a"},  {"strong", "x_s"},
                           {"strong_again", "x_s2"}, {"key", "x_s"},  {"teacher", "x_w"}};
  result.views["validation"] = {{"plain", "x_w"}};
  result.labels["validation"] = "given";
  return result;
}

inline Stage recorded_stage(const sweep::Method& method, const sweep::Catalogue& catalogue, const train::Replay& run,
                            const char* precision = "fp64") {
  const at::Tensor& order = run.tensors.at("order");
  Stage stage;
  stage.version = method.version;
  for (const sweep::Key& key : catalogue.common)
    if (key.fallback) stage.settings.set(key.key, *key.fallback);
  set_defaults(stage.settings, method, 0.5);
  for (auto [key, value] : std::map<std::string, Value>{{"method", method.name},
                                                        {"dataset", "replay"},
                                                        {"model", "toy"},
                                                        {"classes", run.tensors.at("head").size(0)},
                                                        {"train.epochs", order.size(0)},
                                                        {"train.batch", order.size(2)},
                                                        {"train.precision", precision}})
    stage.settings.set(key, value);
  return stage;
}

// The stage on those rows, in one process.
inline train::Execution execute_recorded(const Stage& stage, const train::Replay& recorded) {
  train::Context context;
  context.replay = &recorded;
  auto alone = comm::alone();
  train::Observer quiet;
  return train::execute(stage, context, *alone, quiet);
}

}  // namespace winnow::method
