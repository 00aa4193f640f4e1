#include "winnow/model/untrained_tower.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "winnow/text/family.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/model/image_tower.h"

namespace winnow::model {

namespace {

at::Tensor drawn(const Parameter& parameter, std::uint64_t seed) {
  at::Tensor result = at::zeros(parameter.value.sizes(), at::kFloat);
  if (parameter.role == Role::norm || parameter.name.ends_with("running_var")) return result.fill_(1);
  if (parameter.role != Role::matrix) return result;
  Stream stream = Streams(seed, "init." + parameter.name).at(0, 0);
  float* values = result.mutable_data_ptr<float>();
  bool convolution = result.dim() == 4;
  double out = static_cast<double>(result.numel()) / static_cast<double>(result.size(1));       // of a convolution: fan out
  double deviation = std::sqrt(2 / out), bound = 1 / std::sqrt(static_cast<double>(result.size(1)));
  for (std::int64_t i = 0; i < result.numel(); ++i) values[i] = static_cast<float>(convolution ? deviation * stream.normal() : stream.uniform(-bound, bound));
  return result;
}

}  // namespace

Snapshot untrained_tower(const Value& config, std::uint64_t seed) {
  Snapshot snapshot;
  snapshot.source = "untrained model";
  snapshot.config = config;
  text::Kind kind = kind_of(snapshot);
  if (kind.timm || (kind.family != text::Family::resnet && kind.family != text::Family::wide_resnet))
    throw DataError(fmt::format("{}: only towers of model_type resnet and wide_resnet begin at random", snapshot.source));
  snapshot.sizes_only = true;
  auto outline = image_tower(snapshot, {});
  for (const Parameter& parameter : outline->weights().all()) snapshot.tensors[parameter.name] = drawn(parameter, seed);
  snapshot.sizes_only = false;
  std::vector<double> zero(3, 0.0), level(3, 1.0 / 255);
  Value preprocessor = {{"image_mean", config.value("image_mean", Value(zero))}, {"image_std", config.value("image_std", Value(level))},
                        {"size", outline->image_size()}};
  snapshot.files["preprocessor_config.json"] = preprocessor.dump(2) + "\n";
  return snapshot;
}

}  // namespace winnow::model
