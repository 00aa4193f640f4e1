// The operations on batches: B x H x W x 3, uint8. One value an image. Each file says where its rule comes from.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "winnow/view/step.h"

namespace winnow::view {

using Reals = std::span<const double>;

// One value an image, shaped to broadcast over B x (dimensions - 1 further ones).
at::Tensor column(Reals values, at::ScalarType type, at::Device device, std::int64_t dimensions);

// Where a CPU has a loop of its own (an order of magnitude faster than tensors on images), X_by_tensors is what devices
// do; both give the same bits, which the tests compare.

// colour.cpp
at::Tensor grayscale(const at::Tensor& images);
at::Tensor brightness(const at::Tensor& images, Reals factors);
at::Tensor contrast(const at::Tensor& images, Reals factors);
at::Tensor saturation(const at::Tensor& images, Reals factors);
at::Tensor hue(const at::Tensor& images, Reals turns);
at::Tensor sharpness(const at::Tensor& images, Reals factors);
at::Tensor saturation_by_tensors(const at::Tensor& images, Reals factors);
at::Tensor hue_by_tensors(const at::Tensor& images, Reals turns);

// tone.cpp
at::Tensor lookup(const at::Tensor& images, const at::Tensor& tables);  // tables: B x 3 x 256 or B x 1 x 256, uint8
at::Tensor posterize(const at::Tensor& images, Reals bits);
at::Tensor solarize(const at::Tensor& images, Reals thresholds);
at::Tensor autocontrast(const at::Tensor& images);
at::Tensor equalize(const at::Tensor& images);

// blur.cpp
at::Tensor gaussian_blur(const at::Tensor& images, Reals sigmas);
at::Tensor gaussian_blur_by_tensors(const at::Tensor& images, Reals sigmas);

// warp.cpp
at::Tensor warp(const at::Tensor& images, Op, Reals values);
at::Tensor warp_by_tensors(const at::Tensor& images, Op, Reals values);
at::Tensor cutout(const at::Tensor& images, std::span<const Cutout>);
at::Tensor cutout_by_tensors(const at::Tensor& images, std::span<const Cutout>);

// crops.cpp
at::Tensor hflip(const at::Tensor& images);
at::Tensor crop(const at::Tensor& images, std::span<const data::Box>, const Colour& outside);
at::Tensor crop_by_tensors(const at::Tensor& images, std::span<const data::Box>, const Colour& outside);
at::Tensor center_crop(const at::Tensor& images, const CenterCrop&);
at::Tensor crops(const at::Tensor& images, const Crops&);  // B x 5 (10) x h x w x 3

// resize.cpp: every image's box to the same size
at::Tensor resize(const at::Tensor& images, std::span<const data::Box>, Size, data::Filter);
at::Tensor resize_by_gather(const at::Tensor& images, std::span<const data::Box>, Size, data::Filter);

}  // namespace winnow::view
