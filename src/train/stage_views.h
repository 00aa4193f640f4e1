// What a stage sees of its images: the views of its settings views.*. The third part of a stage's line.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "image_views.h"
#include "winnow/core/settings.h"

namespace winnow::train {

// Pipelines and normalisations of the views, as the keys views.* name them; "model": the model's own.
struct StageViews {
  std::map<std::string, std::string> training;  // pipelines of views.NAME: weak, strong, key, and others of a method
  std::string test = "plain";
  std::string normalisation = "model", test_normalisation = "model";
  ImageViews::Ensemble ensemble = {};
  std::vector<view::Step> own = {};  // what the pipeline "model" is: stage_model.h knows

  static StageViews from(const Settings&);

  bool show_models_own() const;  // whether one of them is "model"

  // The same with all draws from `seed`; images are kept beside `kept_beside` (ImageViews).
  ImageViews::Declared declared(std::uint64_t seed, const Path& kept_beside) const;
};

}  // namespace winnow::train
