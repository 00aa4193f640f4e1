// What a snapshot says about its inputs: pictures and texts.
#pragma once

#include <string>
#include <vector>

#include "winnow/model/snapshot.h"
#include "winnow/model/text_tower.h"
#include "winnow/stage/stage.h"
#include "winnow/view/step.h"

namespace winnow::train {

// preprocessor_config.json and config.json. DataError naming file and key.
struct Preprocessing {
  view::Normalisation normalisation;
  std::int64_t image_size = 0;

  static Preprocessing from(const model::Snapshot&);
};

// What the model's own preprocessing does to a picture before it is normalised: the view `model`. Hugging Face's preprocessor_config.json, timm's
// pretrained_cfg, open_clip's preprocess_cfg. Empty where no `views.*` of the settings asks for it. DataError where it does not yield
// pictures of the model's size.
std::vector<view::Step> own_view(const model::Snapshot&, const Settings&);
std::vector<view::Step> own_view(const model::Snapshot&);           // asked for

// The class texts of a stage's head, as token ids: of its setting `template`, a prompt or a set of prompts that winnow ships; or of a file
// of templates, by the stage's fingerprint `templates`. UsageError for a text that is longer than the model takes.
model::ClassTexts class_texts(const Stage&, const model::Snapshot&, const std::vector<std::string>& class_names);

}  // namespace winnow::train
