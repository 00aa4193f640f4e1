// Pillow's GaussianBlur (libImaging/BoxBlur.c): three box blurs across, then three down, 8 bits after each. The box has
// a fractional radius (Gwosdek et al., Theoretical foundations of Gaussian convolution by extended box filtering,
// 2011).
#include <ATen/ATen.h>

#include <cmath>
#include <map>

#include "operations.h"
#include "winnow/device/transfer.h"
#include "winnow/view/in_parallel.h"

namespace winnow::view {

namespace {

constexpr int kPasses = 3;

struct BoxFilter {
  std::int64_t radius = 0;           // whole pixels on each side
  std::int64_t inner = 0, edge = 0;  // weights of a pixel inside and of the two beyond, in 2^-24
};

BoxFilter box_of(double sigma) {
  float variance = static_cast<float>(sigma) * static_cast<float>(sigma) / kPasses;
  float length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
  float whole = std::floor((length - 1.0f) / 2.0f);
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  float radius = whole + part;
  BoxFilter box;
  box.radius = static_cast<std::int64_t>(radius);
  box.inner = static_cast<std::int64_t>(static_cast<float>(1 << 24) / (radius * 2 + 1));
  box.edge = ((1 << 24) - (box.radius * 2 + 1) * box.inner) / 2;
  return box;
}

// One pass along `dimension`; the border pixel is repeated beyond the border. `x`: int64 levels.
at::Tensor box_blur(const at::Tensor& x, std::int64_t dimension, std::int64_t radius, const at::Tensor& inner,
                    const at::Tensor& edge) {
  std::int64_t size = x.size(dimension), reach = radius + 1;
  at::Tensor index =
      at::arange(-reach, size + reach, at::TensorOptions(at::kLong).device(x.device())).clamp_(0, size - 1);
  at::Tensor padded = x.index_select(dimension, index);
  at::Tensor inside = padded.narrow(dimension, 1, size).clone();
  for (std::int64_t k = 2; k <= 2 * radius + 1; ++k) inside.add_(padded.narrow(dimension, k, size));
  at::Tensor beyond = padded.narrow(dimension, 0, size) + padded.narrow(dimension, 2 * reach, size);
  return inside.mul_(inner).add_(beyond.mul_(edge)).add_(1 << 23).bitwise_right_shift_(24);
}

// One pass down the rows of one image, in place; `sums` is room for a row. Sums slide, in 32 bits without sign: a box
// holds at most 255 * 2^24.
void blur_rows(std::uint8_t* image, std::int64_t rows, std::int64_t row, const BoxFilter& box,
               std::vector<std::uint8_t>& before, std::vector<std::uint32_t>& sums) {
  before.assign(image, image + rows * row);
  auto line = [&](std::int64_t y) { return before.data() + std::clamp<std::int64_t>(y, 0, rows - 1) * row; };
  auto inner = static_cast<std::uint32_t>(box.inner), edge = static_cast<std::uint32_t>(box.edge);
  sums.assign(static_cast<std::size_t>(row), 0);
  std::uint32_t* sum = sums.data();
  for (std::int64_t y = -box.radius; y <= box.radius; ++y) {
    const std::uint8_t* own = line(y);
    for (std::int64_t x = 0; x < row; ++x) sum[x] += own[x];
  }
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::uint8_t *above = line(y - box.radius - 1), *below = line(y + box.radius + 1),
                       *leaving = line(y - box.radius);
    std::uint8_t* out = image + y * row;
    for (std::int64_t x = 0; x < row; ++x) {
      out[x] = static_cast<std::uint8_t>((sum[x] * inner + (above[x] + below[x]) * edge + (1u << 23)) >> 24);
      sum[x] += static_cast<std::uint32_t>(below[x]) - leaving[x];
    }
  }
}

// Passes down every image of N x rows x ..., each with its own box.
void blur_down(at::Tensor& images, const std::vector<BoxFilter>& boxes) {
  std::int64_t rows = images.size(1), row = images.size(2) * images.size(3);
  std::uint8_t* first_pixel = images.data_ptr<std::uint8_t>();
  in_parallel(images.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<std::uint8_t> before;
    std::vector<std::uint32_t> sums;
    for (std::int64_t b = first; b < last; ++b)
      for (int pass = 0; pass < kPasses; ++pass)
        blur_rows(first_pixel + b * rows * row, rows, row, boxes[static_cast<std::size_t>(b)], before, sums);
  });
}

}  // namespace

at::Tensor gaussian_blur(const at::Tensor& images, Reals sigmas) {
  if (!images.is_cpu()) return gaussian_blur_by_tensors(images, sigmas);
  std::vector<BoxFilter> boxes;
  for (double sigma : sigmas) boxes.push_back(box_of(sigma));
  // Across is down the transposed image.
  at::Tensor across = images.transpose(1, 2).clone(at::MemoryFormat::Contiguous);
  blur_down(across, boxes);
  at::Tensor down = across.transpose(1, 2).clone(at::MemoryFormat::Contiguous);
  blur_down(down, boxes);
  return down;
}

at::Tensor gaussian_blur_by_tensors(const at::Tensor& images, Reals sigmas) {
  // Images whose boxes have the same whole radius are blurred together.
  std::map<std::int64_t, std::vector<std::int64_t>> by_radius;
  std::vector<BoxFilter> boxes;
  for (double sigma : sigmas) {
    boxes.push_back(box_of(sigma));
    by_radius[boxes.back().radius].push_back(static_cast<std::int64_t>(boxes.size()) - 1);
  }
  at::Tensor result = at::empty_like(images);
  for (const auto& [radius, members] : by_radius) {
    std::vector<double> inner, edge;
    for (std::int64_t i : members) {
      inner.push_back(static_cast<double>(boxes[static_cast<std::size_t>(i)].inner));
      edge.push_back(static_cast<double>(boxes[static_cast<std::size_t>(i)].edge));
    }
    at::Device device = images.device();
    at::Tensor index = device::to_device(at::tensor(members, at::kLong), device);
    at::Tensor a = column(inner, at::kLong, device, 4), e = column(edge, at::kLong, device, 4);
    at::Tensor x = images.index_select(0, index).to(at::kLong);
    for (std::int64_t dimension : {2, 1})
      for (int pass = 0; pass < kPasses; ++pass) x = box_blur(x, dimension, radius, a, e);
    result.index_copy_(0, index, x.to(at::kByte));
  }
  return result;
}

}  // namespace winnow::view
