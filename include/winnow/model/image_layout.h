// What a snapshot says of its image tower, from the configuration and from names and shapes of tensors: no tower is
// built, no tensor read.
#pragma once

#include <cstdint>
#include <string>

#include "winnow/model/image_tower.h"

namespace winnow::model {

struct ImageLayout {
  std::int64_t image_size = 0;  // side of the images that the tower was trained on
  std::int64_t width = 0;       // d
  std::int64_t blocks = 0;      // of its transformer; 0: it is convolutional
  std::string projection;       // name of the tensor p x d; empty: it does not project
  std::int64_t joint = 0;       // p

  // Columns of "features" of this kind; InternalError for logits, which are as many as the checkpoint has classes.
  std::int64_t columns(FeatureKind) const;
};

// DataError as image_tower() has, but for tensors that are missing or left over.
ImageLayout image_layout(const Snapshot&);

}  // namespace winnow::model
