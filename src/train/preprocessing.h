// What a snapshot says about its images. Its texts: class_texts.h.
#pragma once

#include <string>
#include <vector>

#include "winnow/model/snapshot.h"
#include "winnow/view/step.h"

namespace winnow::train {

// preprocessor_config.json and config.json. DataError naming file and key.
struct Preprocessing {
  view::Normalisation normalisation;
  std::int64_t image_size = 0;

  static Preprocessing from(const model::Snapshot&);
};

// What the model's own preprocessing does to an image before it is normalised: the view `model`. Hugging Face's
// preprocessor_config.json, timm's pretrained_cfg, open_clip's preprocess_cfg. DataError where it does not yield images
// of the model's size.
std::vector<view::Step> own_view(const model::Snapshot&);

}  // namespace winnow::train
