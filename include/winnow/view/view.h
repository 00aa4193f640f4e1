// Views: augmented versions of images. Parameters are drawn on the host from counter streams, so any process can
// regenerate any sample's view; they are applied in one batch on the device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "winnow/data/pixels.h"

namespace winnow::view {

// Per channel, of values in [0, 1]: (x - mean) / deviation.
struct Normalisation {
  std::vector<double> mean, deviation;  // 3 values each
};

// The drawn parameters of one image.
struct FlipCrop {
  bool flip = false;
  std::int64_t top = 0, left = 0;  // offset into the padded image, 0..2 pad
};
// index: of the view; two views of one image are drawn apart.
FlipCrop draw_flip_crop(std::uint64_t seed, std::uint64_t index, std::int64_t pad, std::int64_t epoch,
                        std::int64_t sample);

// Images of a split as a tensor N x H x W x channels (uint8) that shares the mapped cache.
at::Tensor images(const data::Split&);

// B x H x W x channels (uint8) to B x 3 x H x W in the precision and on the device of `options`.
at::Tensor normalise(const at::Tensor& images, const Normalisation&, at::TensorOptions options);

// B x 3 x H x W, normalised, in the precision and on the device of `options`; a grey image becomes three equal
// channels.
at::Tensor plain(const at::Tensor& images, const at::Tensor& ids, const Normalisation&, at::TensorOptions options);
at::Tensor flip_crop(const at::Tensor& images, const at::Tensor& ids, const std::vector<FlipCrop>&, std::int64_t pad,
                     const Normalisation&, at::TensorOptions options);

}  // namespace winnow::view
