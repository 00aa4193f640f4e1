// Wide residual networks for small images: Zagoruyko & Komodakis 2016, under the names of the PyTorch code whose
// weights PartialCLIP's generators are (docs/methods/partial-labels.md#1.4).
#pragma once

#include <memory>

#include "winnow/model/image_layout.h"

namespace winnow::model {

// config.json: depth (6n + 4), widen_factor, dropout (between a block's convolutions), num_labels (0: no classifier),
// image_size.
std::unique_ptr<ImageTower> wide_resnet(const Snapshot&, ImageTowerOptions);
ImageLayout wide_resnet_layout(const Snapshot&);

}  // namespace winnow::model
