// The smallest CLIP that has everything.
#pragma once

#include "winnow/model/untrained_clip.h"

namespace winnow::model {

inline Snapshot tiny_clip(std::int64_t blocks = 2) {
  return untrained_clip({.image_size = 8,
                         .patch = 4,
                         .width = 16,
                         .blocks = blocks,
                         .heads = 2,
                         .text_width = 12,
                         .text_blocks = 1,
                         .text_heads = 2,
                         .context = 6,
                         .vocabulary = 20,
                         .end_token = 19,
                         .joint = 10,
                         .temperature = 0.07},
                        3);
}

}  // namespace winnow::model
