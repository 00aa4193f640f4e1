// Tables of levels: every operation whose result depends on a pixel's own level alone. As Pillow's ImageOps.
#include <ATen/ATen.h>

#include <cmath>

#include "operations.h"
#include "winnow/view/in_parallel.h"

namespace winnow::view {

namespace {

at::Tensor levels(at::ScalarType type, at::Device device) {
  return at::arange(256, at::TensorOptions(type).device(device)).view({1, 1, 256});
}

at::Tensor lookup_on_cpu(const at::Tensor& images, const at::Tensor& tables) {
  at::Tensor result = at::empty_like(images);
  std::int64_t pixels = images.size(1) * images.size(2), channels = tables.size(1);
  const std::uint8_t* table = tables.const_data_ptr<std::uint8_t>();
  const std::uint8_t* from = images.const_data_ptr<std::uint8_t>();
  std::uint8_t* to = result.data_ptr<std::uint8_t>();
  in_parallel(images.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      const std::uint8_t* own[3];
      for (int c = 0; c < 3; ++c) own[c] = table + (b * channels + (channels == 3 ? c : 0)) * 256;
      const std::uint8_t* in = from + b * pixels * 3;
      std::uint8_t* out = to + b * pixels * 3;
      for (std::int64_t i = 0; i < pixels; ++i, in += 3, out += 3)
        out[0] = own[0][in[0]], out[1] = own[1][in[1]], out[2] = own[2][in[2]];
    }
  });
  return result;
}

// How many pixels of each image and channel have each level: B x 3 x 256, int64.
at::Tensor level_counts(const at::Tensor& images) {
  std::int64_t B = images.size(0);
  at::Tensor offset = at::arange(3 * B, at::TensorOptions(at::kLong).device(images.device())).view({B, 1, 1, 3}) * 256;
  at::Tensor index = (images.to(at::kLong) + offset).flatten();
  // Not bincount, which looks for the largest number and so waits for a device.
  return at::zeros({3 * B * 256}, index.options()).index_add_(0, index, at::ones_like(index)).view({B, 3, 256});
}

}  // namespace

at::Tensor lookup(const at::Tensor& images, const at::Tensor& tables) {
  at::Tensor x = images.contiguous(), t = tables.contiguous();
  if (x.is_cpu()) return lookup_on_cpu(x, t);
  std::int64_t B = x.size(0);
  at::Tensor flat = t.expand({B, 3, 256}).reshape({B, 768});
  at::Tensor offset = at::arange(3, at::TensorOptions(at::kLong).device(x.device())) * 256;
  return flat.gather(1, (x.to(at::kLong) + offset).view({B, -1})).view_as(x);
}

// The highest int(bits) bits of each level.
at::Tensor posterize(const at::Tensor& images, Reals bits) {
  std::vector<double> masks;
  for (double b : bits) masks.push_back(256 - std::exp2(8 - std::trunc(b)));
  return lookup(
      images, levels(at::kInt, images.device()).bitwise_and(column(masks, at::kInt, images.device(), 3)).to(at::kByte));
}

// Levels from the threshold on are inverted.
at::Tensor solarize(const at::Tensor& images, Reals thresholds) {
  at::Tensor x = levels(at::kDouble, images.device());
  return lookup(images, at::where(x < column(thresholds, at::kDouble, images.device(), 3), x, 255 - x).to(at::kByte));
}

// Per channel, the lowest level becomes 0 and the highest 255: trunc(x s - low s), s = 255 / (high - low).
at::Tensor autocontrast(const at::Tensor& images) {
  at::Tensor flat = images.flatten(1, 2);
  at::Tensor low = flat.amin(1).to(at::kDouble).unsqueeze(2), high = flat.amax(1).to(at::kDouble).unsqueeze(2);
  at::Tensor x = levels(at::kDouble, images.device()), scale = 255.0 / (high - low).clamp_min(1);
  at::Tensor stretched = (x * scale + (-low * scale)).trunc_().clamp_(0, 255);
  return lookup(images, at::where(high > low, stretched, x).to(at::kByte));
}

// Per channel: step = (pixels - count of the highest level present) div 255; level i becomes
// (step div 2 + pixels below i) div step. Nothing changes where one level only is present or the step is 0.
at::Tensor equalize(const at::Tensor& images) {
  at::Tensor count = level_counts(images);
  at::Tensor x = levels(at::kLong, images.device()).expand_as(count);
  at::Tensor highest = at::where(count > 0, x, 0).amax(2, true);
  at::Tensor step = at::floor_divide(images.size(1) * images.size(2) - count.gather(2, highest), 255);
  at::Tensor below = count.cumsum(2) - count;
  at::Tensor spread = at::floor_divide(at::floor_divide(step, 2) + below, step.clamp_min(1)).clamp_max_(255);
  at::Tensor alone = (count > 0).sum(2, true) <= 1;
  return lookup(images, at::where(alone.logical_or(step == 0), x, spread).to(at::kByte));
}

}  // namespace winnow::view
