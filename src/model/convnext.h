// ConvNeXt. Liu et al., "A ConvNet for the 2020s", 2022.
#pragma once

#include <memory>

#include "winnow/model/image_tower.h"

namespace winnow::model {

std::unique_ptr<ImageTower> convnext(const Snapshot&, ImageTowerOptions);

}  // namespace winnow::model
