// What timm's pretrained_cfg and open_clip's preprocess_cfg say of images, as a preprocessor_config.json of the type
// TorchvisionImageProcessor, which is read where a view asks for the model's own (winnow/view/step.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::text {

struct TorchvisionConfig {
  std::int64_t side = 224;  // of the square that is cropped
  double crop_pct = 1;      // the image becomes floor(side / crop_pct) first, as timm does
  bool squash = false;      // both sides become that, else the short one
  std::string filter = "bicubic";
  Value mean, deviation;  // three numbers each
};

// Of `known`, that of the key; `fallback` without it. DataError naming key and what is allowed; `where` begins the
// message.
std::string word_of(const Value& table, const char* key, const char* fallback, const std::vector<std::string>& known,
                    const std::string& where);

// Pillow's filters: what `filter` may be.
std::vector<std::string> pillow_filters();

std::string preprocessor_of(const TorchvisionConfig&);

}  // namespace winnow::text
