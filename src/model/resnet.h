// ResNet v1.5: the stride is in the 3x3 convolution. He et al. 2016; Hugging Face's, and timm's and torchvision's
// names.
#pragma once

#include <memory>

#include "winnow/model/image_layout.h"

namespace winnow::model {

std::unique_ptr<ImageTower> resnet(const Snapshot&, ImageTowerOptions);
ImageLayout resnet_layout(const Snapshot&);

}  // namespace winnow::model
