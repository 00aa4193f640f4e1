// The ResNet of CLIP's image towers. Radford et al. 2021, section 2.4; layouts and names of OpenAI's ModifiedResNet.
#pragma once

#include <memory>

#include "winnow/model/image_layout.h"

namespace winnow::model {

// Whether config.json, as from_open_clip writes it, asks for this tower: Hugging Face has no such one.
bool is_modified_resnet(const Snapshot&);

// Against torchvision's: a stem of three convolutions and an average pool; each stride is an average pool before a
// convolution of stride 1 (anti-aliasing); and attention, with the mean as its query, instead of the mean pool. That
// attention projects: `hidden` and `projected` are the same. Images of another size than image_size are a UsageError:
// the position table is for it.
std::unique_ptr<ImageTower> modified_resnet(const Snapshot&, ImageTowerOptions);
ImageLayout modified_resnet_layout(const Snapshot&);

}  // namespace winnow::model
