// Applying steps to batches. Images are B x H x W x 3 (uint8), on any device; all arithmetic is integer, or in the
// precision of the code it follows (Pillow), so a device changes a level only where its division or square root rounds
// differently.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "winnow/data/image.h"
#include "winnow/view/step.h"

namespace winnow::view {

// One image as H x W x 3, sharing nothing.
at::Tensor to_tensor(const data::Image&);

// The same steps for every image. The result is uint8 B x h x w x 3 (after Crops B x n x h x w x 3), or, when Normalize
// ends the steps, B x 3 x h x w in `real` (n before the 3). UsageError for a step that the images do not allow.
//
// Where: on the device of the images; what Normalize yields has type and device of `real` (a type alone means the CPU),
// which reads nothing else. Any thread; nothing is shared.
at::Tensor apply(const at::Tensor& images, const std::vector<Step>&, at::TensorOptions real);

// Steps of each image's own. Step k of all images is applied together, grouped by operation; after it all images have
// one size. A list that ends early changes nothing more.
at::Tensor apply_each(const at::Tensor& images, const std::vector<std::vector<Step>>&, at::TensorOptions real);

// Images of any sizes (H x W x 3, on the CPU): the first steps, as long as they make sizes, are taken one image at a
// time; then the images are put together and moved to `real`'s device, which computes the others.
at::Tensor apply_any_size(const std::vector<at::Tensor>& images, const std::vector<std::vector<Step>>&,
                          at::TensorOptions real);

}  // namespace winnow::view
