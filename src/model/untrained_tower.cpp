#include "winnow/model/untrained_tower.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/random_tensor.h"
#include "winnow/text/family.h"

namespace winnow::model {

namespace {

at::Tensor drawn(const Parameter& parameter, std::uint64_t seed) {
  at::IntArrayRef shape = parameter.value.sizes();
  if (parameter.role == Role::norm || parameter.name.ends_with("running_var")) return at::ones(shape, at::kFloat);
  if (parameter.role != Role::matrix) return at::zeros(shape, at::kFloat);
  Stream stream = Streams(seed, "init." + parameter.name).at(0, 0);
  auto in = static_cast<double>(shape[1]),
       out = static_cast<double>(parameter.value.numel()) / in;  // of a convolution: fan out
  bool convolution = shape.size() == 4;
  return (convolution ? normal(shape, 0, std::sqrt(2 / out), stream) : uniform(shape, 1 / std::sqrt(in), stream))
      .to(at::kFloat);
}

}  // namespace

Snapshot untrained_tower(const Value& config, std::uint64_t seed) {
  Snapshot snapshot;
  snapshot.source = "untrained model";
  snapshot.config = config;
  text::Kind kind = kind_of(snapshot);
  if (kind.timm || (kind.family != text::Family::resnet && kind.family != text::Family::wide_resnet))
    throw DataError(
        fmt::format("{}: only towers of model_type resnet and wide_resnet are initialised randomly", snapshot.source));
  snapshot.sizes_only = true;
  auto outline = image_tower(snapshot, {});
  for (const Parameter& parameter : outline->weights().all()) snapshot.tensors[parameter.name] = drawn(parameter, seed);
  snapshot.sizes_only = false;
  std::vector<double> zero(3, 0.0), level(3, 1.0 / 255);
  Value preprocessor = {{"image_mean", config.value("image_mean", Value(zero))},
                        {"image_std", config.value("image_std", Value(level))},
                        {"size", outline->image_size()}};
  snapshot.files["preprocessor_config.json"] = preprocessor.dump(2) + "\n";
  return snapshot;
}

}  // namespace winnow::model
