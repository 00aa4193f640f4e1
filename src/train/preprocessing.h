// What a snapshot says about its inputs: pictures and texts.
#pragma once

#include <string>
#include <vector>

#include "winnow/model/snapshot.h"
#include "winnow/view/view.h"

namespace winnow::train {

// preprocessor_config.json and config.json. DataError naming file and key.
struct Preprocessing {
  view::Normalisation normalisation;
  std::int64_t image_size = 0;

  static Preprocessing from(const model::Snapshot&);
};

// Token rows of a template for every class, C x context, or of a named set of T templates, T x C x context; int64.
at::Tensor class_prompts(const model::Snapshot&, const std::vector<std::string>& class_names, const std::string& text_template);

}  // namespace winnow::train
