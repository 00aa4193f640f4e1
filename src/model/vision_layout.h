// How a family's vision transformer is built and what its tensors are called.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "transformer.h"

namespace winnow::model {

// Empty names: the family has no such part.
struct VisionLayout {
  TransformerConfig transformer;
  BlockNames blocks;
  std::int64_t image_size = 224, patch = 16, channels = 3;
  std::string class_token;
  std::vector<std::int64_t> class_token_shape;
  std::string patches;  // convolution
  bool patch_bias = true;
  std::string positions;
  std::vector<std::int64_t> positions_shape;
  bool antialias = false;  // how a position table is brought to another size: timm's way, else Hugging Face's
  std::string norm_before, norm_after;
  bool last_hidden_normed = true;  // Hugging Face's CLIP returns its tokens before the last LayerNorm
  std::string pool;                // SigLIP's attention pool
  std::string pooler;              // tanh
  std::string projection;          // p x d
  std::int64_t joint = 0;
  std::string classifier;
  std::int64_t classes = 0;
  std::vector<std::string> below;   // prefixes of the tower's tensors, all of which must be used
  std::vector<std::string> unused;  // prefixes of what the checkpoint holds beside the tower

  std::int64_t grid() const { return image_size / patch; }
};

VisionLayout vision_layout(const Snapshot&);  // families clip, siglip, vit, vit_mae; DataError naming file and key

}  // namespace winnow::model
