// What open_clip_config.json says, with open_clip's defaults (CLIPVisionCfg, CLIPTextCfg) for what it leaves out.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::text {

struct OpenClipConfig {
  struct Encoder {
    std::int64_t width = 0, blocks = 0, heads = 0, hidden = 0;
  };
  Encoder image, text;               // of a ModifiedResNet's image: width, and heads of its attention pool
  std::vector<std::int64_t> stages;  // bottlenecks in each stage of a ModifiedResNet; empty: a vision transformer
  std::int64_t image_size = 224, patch = 16;
  std::int64_t context = 77, vocabulary = 49408;
  std::int64_t joint = 0;
  bool quick_gelu = false;

  // DataError naming file and key. A key that would change the network and is not known here is refused unless it is
  // off.
  static OpenClipConfig from(const Value& config, const std::string& source);
  Value hugging_face() const;  // as config.json
};

// preprocess_cfg as preprocessor_config.json. DataError for a way of resizing that winnow does not have (resize_mode
// longest).
std::string open_clip_preprocessor(const Value& config, std::int64_t image_size, const std::string& source);

}  // namespace winnow::text
