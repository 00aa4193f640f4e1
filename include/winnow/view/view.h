// Views: augmented versions of images. Parameters are drawn on the host from counter streams, so any process can
// regenerate any sample's view; they are applied in one batch, and normalised
// on the stage's device.
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

// B x H x W x channels (uint8, on the host or the device) to B x 3 x H x W in the precision and on the device of
// `options`; a grey image becomes three equal channels. What it needs is put on the device once. Any thread.
class Normaliser {
 public:
  Normaliser(const Normalisation&, at::TensorOptions options);
  at::Tensor operator()(const at::Tensor& images) const;
  at::Tensor by_tensors(const at::Tensor& images) const;  // the same, as a device computes it

 private:
  at::TensorOptions options_;
  at::Tensor scale_, shift_;  // 3 values each, on the device
  at::Tensor table_;          // 3 x 256 of the host's levels; undefined where they are not looked up
};
at::Tensor normalise(const at::Tensor& images, const Normalisation&, at::TensorOptions options);

// The images, B x H x W x channels, each padded by zeros, cropped and flipped as drawn for it; on their device, without
// waiting for it.
at::Tensor flip_crop(const at::Tensor& images, const std::vector<FlipCrop>&, std::int64_t pad);

}  // namespace winnow::view
