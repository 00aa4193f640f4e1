// ConvNeXt. Liu et al., "A ConvNet for the 2020s", 2022.
#pragma once

#include <memory>

#include "winnow/model/image_layout.h"

namespace winnow::model {

std::unique_ptr<ImageTower> convnext(const Snapshot&, ImageTowerOptions);
ImageLayout convnext_layout(const Snapshot&);

}  // namespace winnow::model
