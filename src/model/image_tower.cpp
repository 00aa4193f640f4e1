#include "winnow/model/image_tower.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "convnext.h"
#include "in_precision.h"
#include "modified_resnet.h"
#include "resnet.h"
#include "training_mode.h"
#include "transformer.h"
#include "vision_transformer.h"
#include "wide_resnet.h"
#include "winnow/core/error.h"
#include "winnow/text/family.h"

namespace winnow::model {

ImageTower::ImageTower(const Snapshot& snapshot, ImageTowerOptions options)
    : options_(options), mode_(std::make_unique<TrainingMode>()), source_(snapshot.source) {}

ImageTower::~ImageTower() = default;

Outputs ImageTower::rows(const at::Tensor& given) {
  at::Tensor pixels = options_.compute == Precision::fp16_pure ? given.to(at::kHalf) : given;
  auto wanted = [&] {
    if (options_.feature != FeatureKind::logits) return feature(pixels);
    if (classes() == 0) throw UsageError(fmt::format("{}: this image tower has no classifier of its own", source_));
    return encode(pixels).logits;
  };
  return {{"features", in_precision(options_.compute, pixels.device(), options_.dtype, wanted)}};
}

Outputs ImageTower::rows_in_training(const at::Tensor& pixels, const TrainingForward& forward) {
  TrainingMode::During training(*mode_, forward);
  return rows(pixels);
}

Outputs ImageTower::rows_unadapted(const at::Tensor& pixels) {
  if (!transformer()) return rows(pixels);
  Transformer::Unadapted unadapted(*transformer());
  return rows(pixels);
}

bool ImageTower::has_batch_statistics() const { return mode_->has_batch_statistics(); }
void ImageTower::use_batch_statistics() { mode_->use_batch_statistics(); }
void ImageTower::move_averages() { mode_->move(); }
void ImageTower::forget_forwards() { mode_->forget(); }

std::int64_t ImageTower::width() const {
  if (options_.feature == FeatureKind::logits) return classes();
  return options_.feature == FeatureKind::embedding && projects() ? projection().size(0) : tower_width();
}

const at::Tensor& ImageTower::projection() const {
  throw UsageError(fmt::format("{}: this image tower has no projection to a space that it shares with texts", source_));
}

void ImageTower::scale_features(Parameter*, Parameter*) {
  throw UsageError(fmt::format("{}: only a ModifiedResNet's features are scaled and shifted", source_));
}

void ImageTower::train_everything() {
  for (Parameter& parameter : weights_.all()) parameter.trainable = parameter.role != Role::statistics;
}

std::unique_ptr<ImageTower> image_tower(const Snapshot& snapshot, ImageTowerOptions options) {
  if (options.compute != Precision::as_stated && options.dtype != at::kFloat)
    throw InternalError("a tower in lower precision that is not fp32");
  switch (kind_of(snapshot).family) {
    case text::Family::convnext: return convnext(snapshot, options);
    case text::Family::resnet: return resnet(snapshot, options);
    case text::Family::wide_resnet: return wide_resnet(snapshot, options);
    case text::Family::clip:
      if (is_modified_resnet(snapshot)) return modified_resnet(snapshot, options);
      [[fallthrough]];
    default: return vision_transformer(snapshot, options);
  }
}

}  // namespace winnow::model
