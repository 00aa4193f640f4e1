// Vision transformers of the families clip, siglip, vit, vit_mae. Dosovitskiy et al. 2021; Radford et al. 2021; Zhai et
// al. 2023.
#pragma once

#include <memory>

#include "winnow/model/image_layout.h"

namespace winnow::model {

std::unique_ptr<ImageTower> vision_transformer(const Snapshot&, ImageTowerOptions);
ImageLayout vision_transformer_layout(const Snapshot&);

}  // namespace winnow::model
