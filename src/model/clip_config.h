// What config.json of a CLIP snapshot says, with Hugging Face's defaults for what it leaves out.
#pragma once

#include <optional>

#include "modified_resnet.h"
#include "transformer.h"
#include "winnow/core/settings.h"

namespace winnow::model {

struct ClipConfig {
  TransformerConfig image, text;
  std::optional<ModifiedResNetConfig> resnet;     // the image tower is this, and `image` says nothing
  std::int64_t image_size = 224, patch = 32, channels = 3;
  std::int64_t vocabulary = 49408, context = 77;
  // The text is pooled at the first end token; at the largest id where none is said (first CLIP snapshots: eos_token_id 2).
  std::optional<std::int64_t> end_token;
  std::int64_t joint = 512;

  static ClipConfig from(const Value& config, const std::string& source);   // DataError naming file and key
};

}  // namespace winnow::model
