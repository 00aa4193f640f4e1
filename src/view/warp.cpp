// Shears, moves and turns as Pillow's transform(AFFINE, NEAREST) in 16.16 fixed point (libImaging/Geometry.c), black
// outside; and the cutout that PartialCLIP's RandomAugment ends with.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "operations.h"
#include "winnow/core/error.h"
#include "winnow/view/in_parallel.h"

namespace winnow::view {

namespace {

// Output (x, y) reads input (a x + b y + c, d x + e y + f), coordinates at pixel centres.
struct Affine {
  double a = 1, b = 0, c = 0, d = 0, e = 1, f = 0;
};

Affine affine_of(Op op, double value, double H, double W) {
  switch (op) {
    case Op::shear_x: return {1, value, 0, 0, 1, 0};
    case Op::shear_y: return {1, 0, 0, value, 1, 0};
    case Op::translate_x: return {1, 0, value * W, 0, 1, 0};
    case Op::translate_y: return {1, 0, 0, 0, 1, value * H};
    case Op::rotate: {
      double angle = value * std::numbers::pi / 180, cos = std::cos(angle), sin = std::sin(angle), x = W / 2, y = H / 2;
      return {cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y};
    }
    default: throw InternalError(fmt::format("{} is no warp", to_string(op)));
  }
}

std::int64_t fixed(double value) { return static_cast<std::int64_t>(std::floor(value * 65536 + 0.5)); }

std::array<std::int64_t, 6> fixed_coefficients(const Affine& m) {
  return {fixed(m.a), fixed(m.b), fixed(m.c + m.a * 0.5 + m.b * 0.5),
          fixed(m.d), fixed(m.e), fixed(m.f + m.d * 0.5 + m.e * 0.5)};
}

at::Tensor axis(std::int64_t size, std::vector<std::int64_t> shape, at::Device device) {
  return at::arange(size, at::TensorOptions(at::kLong).device(device)).view(shape);
}

}  // namespace

at::Tensor warp(const at::Tensor& images, Op op, Reals values) {
  if (!images.is_cpu()) return warp_by_tensors(images, op, values);
  std::int64_t H = images.size(1), W = images.size(2);
  at::Tensor from = images.contiguous(), result = at::zeros_like(from);
  const std::uint8_t* in = from.const_data_ptr<std::uint8_t>();
  std::uint8_t* out = result.data_ptr<std::uint8_t>();
  in_parallel(images.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      auto m = fixed_coefficients(
          affine_of(op, values[static_cast<std::size_t>(b)], static_cast<double>(H), static_cast<double>(W)));
      const std::uint8_t* image = in + b * H * W * 3;
      std::uint8_t* to = out + b * H * W * 3;
      for (std::int64_t y = 0; y < H; ++y) {
        std::int64_t fx = m[1] * y + m[2], fy = m[4] * y + m[5];
        for (std::int64_t x = 0; x < W; ++x, to += 3, fx += m[0], fy += m[3]) {
          std::int64_t own_x = fx >> 16, own_y = fy >> 16;
          if (own_x < 0 || own_x >= W || own_y < 0 || own_y >= H) continue;
          const std::uint8_t* pixel = image + (own_y * W + own_x) * 3;
          to[0] = pixel[0], to[1] = pixel[1], to[2] = pixel[2];
        }
      }
    }
  });
  return result;
}

at::Tensor warp_by_tensors(const at::Tensor& images, Op op, Reals values) {
  std::int64_t B = images.size(0), H = images.size(1), W = images.size(2);
  at::Device device = images.device();
  std::vector<double> coefficients[6];
  for (double value : values) {
    auto own = fixed_coefficients(affine_of(op, value, static_cast<double>(H), static_cast<double>(W)));
    for (std::size_t i = 0; i < 6; ++i) coefficients[i].push_back(static_cast<double>(own[i]));
  }
  auto coefficient = [&](int i) { return column(coefficients[i], at::kLong, device, 3); };
  at::Tensor x = axis(W, {1, 1, W}, device), y = axis(H, {1, H, 1}, device);
  at::Tensor from_x = (coefficient(0) * x + coefficient(1) * y + coefficient(2)).bitwise_right_shift_(16);
  at::Tensor from_y = (coefficient(3) * x + coefficient(4) * y + coefficient(5)).bitwise_right_shift_(16);
  at::Tensor outside = (from_x < 0).logical_or_(from_x >= W).logical_or_(from_y < 0).logical_or_(from_y >= H);
  at::Tensor index = (from_y.clamp_(0, H - 1) * W + from_x.clamp_(0, W - 1)).view({B, H * W, 1}).expand({B, H * W, 3});
  at::Tensor moved = images.reshape({B, H * W, 3}).gather(1, index).view({B, H, W, 3});
  return moved.masked_fill_(outside.unsqueeze(3), 0);
}

namespace {

// Columns int(max(0, cx - v/2)) to int(min(W, first + v)), both inclusive, rows likewise, v = fraction * W: at the left
// and top border the square is moved inside. A fraction of 0 changes nothing.
struct Square {
  std::int64_t left, right, top, bottom;
};

Square square_of(const Cutout& cut, double H, double W) {
  double side = cut.fraction * W;
  double x = std::trunc(std::max(0.0, cut.center_x - side / 2)), y = std::trunc(std::max(0.0, cut.center_y - side / 2));
  double right = side > 0 ? std::trunc(std::min(W, x + side)) : x - 1;
  return {static_cast<std::int64_t>(x), static_cast<std::int64_t>(right), static_cast<std::int64_t>(y),
          static_cast<std::int64_t>(std::trunc(std::min(H, y + side)))};
}

}  // namespace

at::Tensor cutout(const at::Tensor& images, std::span<const Cutout> cuts) {
  if (!images.is_cpu()) return cutout_by_tensors(images, cuts);
  std::int64_t H = images.size(1), W = images.size(2);
  at::Tensor result = images.clone(at::MemoryFormat::Contiguous);
  for (std::size_t b = 0; b < cuts.size(); ++b) {
    Square square = square_of(cuts[b], static_cast<double>(H), static_cast<double>(W));
    std::uint8_t* image = result.data_ptr<std::uint8_t>() + static_cast<std::int64_t>(b) * H * W * 3;
    for (std::int64_t y = square.top; y <= std::min(square.bottom, H - 1); ++y)
      for (std::int64_t x = square.left; x <= std::min(square.right, W - 1); ++x)
        std::copy(cuts[b].fill.begin(), cuts[b].fill.end(), image + (y * W + x) * 3);
  }
  return result;
}

at::Tensor cutout_by_tensors(const at::Tensor& images, std::span<const Cutout> cuts) {
  at::Device device = images.device();
  std::vector<double> left, right, top, bottom, fill[3];
  for (const Cutout& cut : cuts) {
    Square square = square_of(cut, static_cast<double>(images.size(1)), static_cast<double>(images.size(2)));
    left.push_back(static_cast<double>(square.left));
    right.push_back(static_cast<double>(square.right));
    top.push_back(static_cast<double>(square.top));
    bottom.push_back(static_cast<double>(square.bottom));
    for (int c = 0; c < 3; ++c) fill[c].push_back(cut.fill[static_cast<std::size_t>(c)]);
  }
  auto of = [&](Reals values) { return column(values, at::kLong, device, 4); };
  at::Tensor x = axis(images.size(2), {1, 1, -1, 1}, device), y = axis(images.size(1), {1, -1, 1, 1}, device);
  at::Tensor inside =
      (x >= of(left)).logical_and(x <= of(right)).logical_and(y >= of(top)).logical_and(y <= of(bottom));
  at::Tensor colour = at::cat({of(fill[0]), of(fill[1]), of(fill[2])}, 3).to(at::kByte);
  return at::where(inside, colour, images);
}

}  // namespace winnow::view
