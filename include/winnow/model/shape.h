// The architecture of a snapshot in a few numbers, to be compared with what a preset means (`[shape]` in
// sweeps/presets/models).
#pragma once

#include "winnow/core/settings.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/text_tower.h"

namespace winnow::model {

// image_size, width, inner_width (of a convolutional network's first stage: its narrowest convolution), depths (blocks
// of its stages) or blocks and patch; with a text tower: text_width. Integers, depths a list of them.
Value shape_of(ImageTower&, const TextTower* text);

}  // namespace winnow::model
