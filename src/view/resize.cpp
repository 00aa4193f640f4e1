// Pillow's resizing (data/resample.h) of a batch, each image from its own box: on a CPU the same loop that fills
// caches, on a device gathers with the same integer weights, so both give the same bits.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "operations.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/view/in_parallel.h"

namespace winnow::view {

namespace {

// One axis of all images: B x out x taps source positions, and weights of the same shape.
struct Taps {
  at::Tensor index, weight;
};

Taps taps_of(std::span<const data::Box> boxes, bool rows, std::int64_t out, data::Filter filter, at::Device device) {
  std::vector<data::Weights> all;
  std::int64_t most = 1;
  for (const data::Box& box : boxes) {
    all.push_back(data::weights(rows ? box.height : box.width, out, filter));
    most = std::max(most, all.back().taps);
  }
  auto B = static_cast<std::int64_t>(boxes.size());
  at::Tensor index = at::zeros({B, out, most}, at::kLong), weight = at::zeros({B, out, most}, at::kInt);
  auto to_index = index.accessor<std::int64_t, 3>();
  auto to_weight = weight.accessor<std::int32_t, 3>();
  for (std::int64_t b = 0; b < B; ++b) {
    const data::Weights& own = all[static_cast<std::size_t>(b)];
    std::int64_t start = rows ? boxes[static_cast<std::size_t>(b)].top : boxes[static_cast<std::size_t>(b)].left;
    for (std::int64_t i = 0; i < out; ++i)
      for (std::int64_t k = 0; k < own.taps; ++k) {
        to_index[b][i][k] = start + own.first[static_cast<std::size_t>(i)] + k;
        to_weight[b][i][k] = own.values[static_cast<std::size_t>(i * own.taps + k)];
      }
  }
  return {device::to_device(index, device), device::to_device(weight, device)};
}

// Along dimension 1 of B x N x M x 3.
at::Tensor filtered(const at::Tensor& x, const Taps& taps) {
  std::int64_t B = x.size(0), out = taps.index.size(1), M = x.size(2);
  at::Tensor sum =
      at::full({B, out, M, 3}, 1 << (data::kWeightBits - 1), at::TensorOptions(at::kInt).device(x.device()));
  for (std::int64_t k = 0; k < taps.index.size(2); ++k) {
    at::Tensor index = taps.index.select(2, k).view({B, out, 1, 1}).expand({B, out, M, 3});
    sum.addcmul_(x.gather(1, index).to(at::kInt), taps.weight.select(2, k).view({B, out, 1, 1}));
  }
  return sum.bitwise_right_shift_(data::kWeightBits).clamp_(0, 255).to(at::kByte);
}

}  // namespace

at::Tensor resize_by_gather(const at::Tensor& images, std::span<const data::Box> boxes, Size size,
                            data::Filter filter) {
  Taps across = taps_of(boxes, false, size.width, filter, images.device());
  Taps down = taps_of(boxes, true, size.height, filter, images.device());
  at::Tensor x = filtered(images.transpose(1, 2).contiguous(), across);
  return filtered(x.transpose(1, 2).contiguous(), down);
}

at::Tensor resize(const at::Tensor& images, std::span<const data::Box> boxes, Size size, data::Filter filter) {
  std::int64_t B = images.size(0), H = images.size(1), W = images.size(2);
  if (size.height < 1 || size.width < 1)
    throw UsageError(fmt::format("an image cannot become {} x {}", size.height, size.width));
  for (const data::Box& box : boxes)
    if (box.top < 0 || box.left < 0 || box.height < 1 || box.width < 1 || box.top + box.height > H ||
        box.left + box.width > W)
      throw UsageError(fmt::format("the box {} x {} at ({}, {}) is not inside an image of {} x {}", box.height,
                                   box.width, box.top, box.left, H, W));
  if (!images.is_cpu()) return resize_by_gather(images, boxes, size, filter);
  at::Tensor from = images.contiguous(), result = at::empty({B, size.height, size.width, 3}, images.options());
  const std::uint8_t* pixels = from.const_data_ptr<std::uint8_t>();
  std::uint8_t* target = result.data_ptr<std::uint8_t>();
  in_parallel(B, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b)
      data::resize(
          pixels + b * H * W * 3, W,
          {boxes[static_cast<std::size_t>(b)], size.height, size.width, filter, {0, 0, size.height, size.width}},
          target + b * size.height * size.width * 3);
  });
  return result;
}

}  // namespace winnow::view
