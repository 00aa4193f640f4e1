// Parts of images: crops at drawn places, the centre, and the five and ten crops of test-time ensembles (torchvision).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "operations.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/view/in_parallel.h"

namespace winnow::view {

namespace {

// (from - to) / 2 with halves to even, as Python's round.
std::int64_t centred(std::int64_t from, std::int64_t to, bool floor) {
  std::int64_t rest = from - to;
  if (floor) return static_cast<std::int64_t>(std::floor(static_cast<double>(rest) / 2));
  return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(rest) / 2));
}

// Row by row, with the colour `outside` where a box leaves the image.
at::Tensor crop_by_rows(const at::Tensor& images, std::span<const data::Box> boxes, const Colour& outside) {
  std::int64_t H = images.size(1), W = images.size(2), h = boxes[0].height, w = boxes[0].width;
  at::Tensor from = images.contiguous(), result = at::empty({images.size(0), h, w, 3}, images.options());
  const std::uint8_t* in = from.const_data_ptr<std::uint8_t>();
  std::uint8_t* out = result.data_ptr<std::uint8_t>();
  in_parallel(images.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      const data::Box& box = boxes[static_cast<std::size_t>(b)];
      std::int64_t begin = std::clamp<std::int64_t>(-box.left, 0, w),
                   end = std::clamp<std::int64_t>(W - box.left, begin, w);
      for (std::int64_t y = 0; y < h; ++y) {
        std::uint8_t* row = out + (b * h + y) * w * 3;
        bool inside = box.top + y >= 0 && box.top + y < H;
        std::int64_t from_x = inside ? begin : w, to_x = inside ? end : w;
        for (std::int64_t x = 0; x < from_x; ++x) std::copy(outside.begin(), outside.end(), row + 3 * x);
        if (from_x < to_x)
          std::memcpy(row + 3 * from_x, in + ((b * H + box.top + y) * W + box.left + from_x) * 3,
                      static_cast<std::size_t>(3 * (to_x - from_x)));
        for (std::int64_t x = std::max(from_x, to_x); x < w; ++x)
          std::copy(outside.begin(), outside.end(), row + 3 * x);
      }
    }
  });
  return result;
}

}  // namespace

at::Tensor hflip(const at::Tensor& images) {
  if (!images.is_cpu()) return images.flip(2);
  at::Tensor from = images.contiguous(), result = at::empty_like(from);
  std::int64_t rows = from.size(0) * from.size(1), W = from.size(2);
  const std::uint8_t* in = from.const_data_ptr<std::uint8_t>();
  std::uint8_t* out = result.data_ptr<std::uint8_t>();
  in_parallel(rows, 256, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t y = first; y < last; ++y) {
      const std::uint8_t* pixel = in + y * W * 3;
      std::uint8_t* target = out + (y * W + W - 1) * 3;
      for (std::int64_t x = 0; x < W; ++x, pixel += 3, target -= 3)
        target[0] = pixel[0], target[1] = pixel[1], target[2] = pixel[2];
    }
  });
  return result;
}

at::Tensor crop(const at::Tensor& images, std::span<const data::Box> boxes, const Colour& outside) {
  for (const data::Box& box : boxes)
    if (box.height != boxes[0].height || box.width != boxes[0].width)
      throw UsageError(fmt::format("crops of one batch differ in size: {} x {} and {} x {}", boxes[0].height,
                                   boxes[0].width, box.height, box.width));
  return images.is_cpu() ? crop_by_rows(images, boxes, outside) : crop_by_tensors(images, boxes, outside);
}

at::Tensor crop_by_tensors(const at::Tensor& images, std::span<const data::Box> boxes, const Colour& outside) {
  std::int64_t B = images.size(0), H = images.size(1), W = images.size(2), h = boxes[0].height, w = boxes[0].width;
  at::Tensor rows = at::empty({B, h}, at::kLong), columns = at::empty({B, w}, at::kLong);
  auto r = rows.accessor<std::int64_t, 2>(), c = columns.accessor<std::int64_t, 2>();
  bool beyond = false;
  for (std::int64_t i = 0; i < B; ++i) {
    const data::Box& box = boxes[static_cast<std::size_t>(i)];
    beyond |= box.top < 0 || box.left < 0 || box.top + h > H || box.left + w > W;
    for (std::int64_t y = 0; y < h; ++y) r[i][y] = box.top + y;
    for (std::int64_t x = 0; x < w; ++x) c[i][x] = box.left + x;
  }
  at::Device device = images.device();
  rows = device::to_device(rows, device).unsqueeze(2);
  columns = device::to_device(columns, device).unsqueeze(1);
  at::Tensor batch = at::arange(B, at::TensorOptions(at::kLong).device(device)).view({B, 1, 1});
  at::Tensor result = images.index({batch, rows.clamp(0, H - 1), columns.clamp(0, W - 1)});
  if (!beyond) return result;
  at::Tensor inside =
      (rows >= 0).logical_and(rows < H).logical_and((columns >= 0).logical_and(columns < W)).unsqueeze(3);
  at::Tensor colour =
      device::to_device(at::tensor(std::vector<std::int64_t>(outside.begin(), outside.end()), at::kByte), device);
  return at::where(inside, result, colour);
}

// A smaller image is padded with black first: torchvision puts the odd pixel below and to the right, Hugging Face above
// and to the left, which is what flooring a negative offset does.
at::Tensor center_crop(const at::Tensor& images, const CenterCrop& step) {
  auto offset = [&](std::int64_t from, std::int64_t to) {
    if (step.floor || from >= to) return centred(from, to, step.floor);
    return -((to - from) / 2);
  };
  data::Box box{offset(images.size(1), step.size.height), offset(images.size(2), step.size.width), step.size.height,
                step.size.width};
  return crop(images, std::vector<data::Box>(static_cast<std::size_t>(images.size(0)), box), {});
}

at::Tensor crops(const at::Tensor& images, const Crops& step) {
  std::int64_t H = images.size(1), W = images.size(2), h = step.size.height, w = step.size.width;
  if (h > H || w > W) throw UsageError(fmt::format("crops of {} x {} from images of {} x {}", h, w, H, W));
  std::vector<at::Tensor> parts;
  auto five = [&](const at::Tensor& from) {
    for (auto [top, left] : {std::pair{std::int64_t{0}, std::int64_t{0}},
                             {std::int64_t{0}, W - w},
                             {H - h, std::int64_t{0}},
                             {H - h, W - w},
                             {centred(H, h, false), centred(W, w, false)}})
      parts.push_back(from.narrow(1, top, h).narrow(2, left, w));
  };
  five(images);
  if (step.mirrored) five(hflip(images));
  return at::stack(parts, 1);
}

}  // namespace winnow::view
