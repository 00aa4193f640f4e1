// A CLIP without downloaded weights.
#pragma once

#include <cstdint>

#include "winnow/model/snapshot.h"

namespace winnow::model {

// An untrained CLIP: configuration and initial weights (Hugging Face's initialisation) from the counter stream of
// `seed`.
struct ClipSizes {
  std::int64_t image_size, patch, width, blocks, heads;
  std::int64_t text_width, text_blocks, text_heads, context, vocabulary, end_token;
  std::int64_t joint;
  double temperature;  // initial
};
Snapshot untrained_clip(const ClipSizes&, std::uint64_t seed);

}  // namespace winnow::model
