// The model of a stage as it begins: its weights, how it takes images, and in which precision it computes. A part of a
// stage's line: docs/design.md#13. What is trained of it, and its head: stage_classifier.h.
#pragma once

#include <memory>
#include <optional>

#include "kept_features.h"
#include "open_images.h"
#include "preprocessing.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/text_tower.h"
#include "winnow/train/execute.h"

namespace winnow::train {

struct StageModel {
  model::Snapshot snapshot;     // on the host
  Preprocessing preprocessing;  // as the snapshot says; of the setting siglip = "as-clip" CLIP's
  at::TensorOptions real;       // of train.precision, where the stage has it, else fp32; on the stage's device
  std::shared_ptr<KeptFeatures> kept_features = {};  // of towers with these weights; null: nothing is kept

  // These weights. UsageError for a precision that the device lacks; DataError for a snapshot that does not say how it
  // takes images.
  StageModel(model::Snapshot, const Settings&, const Context&);
  // Those of the input `backbone`, or where settings `architecture.*` describe a tower random ones (backbone.h).
  static StageModel of(const Stage&, const Context&);

  std::int64_t features_read() const { return kept_features ? kept_features->rows_read() : 0; }

  // Images as the model takes them, in these views; without them `plain` alone. The view `model` is the snapshot's own
  // preprocessing, which is read only where one of the views is.
  ImageOptions images(std::optional<StageViews> = {}) const;

  // Towers of which nothing is trained, on the stage's device, fp32. Borrow the snapshot.
  std::unique_ptr<model::ImageTower> image_tower(model::FeatureKind) const;
  std::unique_ptr<model::TextTower> text_tower() const;
};

}  // namespace winnow::train
