// Colour adjustments as Pillow's ImageEnhance and torchvision's adjust_hue make them: a blend of the image with its
// grey, mean-grey or smoothed version in fp32, cut to 8 bits (libImaging/Blend.c, Convert.c, Filter.c).
#include <ATen/ATen.h>

#include <cmath>

#include "operations.h"
#include "winnow/device/transfer.h"
#include "winnow/view/in_parallel.h"

namespace winnow::view {

namespace {

// The grey level of Pillow's convert("L"), B x H x W x 1, int32: (19595 R + 38470 G + 7471 B + 2^15) >> 16.
at::Tensor grey_level(const at::Tensor& images) {
  at::Tensor x = images.to(at::kInt);
  at::Tensor sum = x.select(3, 0) * 19595;
  sum.add_(x.select(3, 1), 38470).add_(x.select(3, 2), 7471).add_(1 << 15);
  return sum.bitwise_right_shift_(16).unsqueeze(3);
}

// trunc(from + factor (x - from)), clipped. All fp32; product and sum are separate operations, so nothing is fused.
at::Tensor blend(const at::Tensor& from, const at::Tensor& x, const at::Tensor& factor) {
  return ((x - from) * factor).add_(from).clamp_(0, 255).to(at::kByte);
}

// from + factor (x - from) for every level x: B x 1 x 256.
at::Tensor blend_table(const at::Tensor& from, Reals factors, at::Device device) {
  at::Tensor levels = at::arange(256, at::TensorOptions(at::kFloat).device(device)).view({1, 1, 256});
  return blend(from, levels, column(factors, at::kFloat, device, 3));
}

int clip(int level) { return level < 0 ? 0 : level > 255 ? 255 : level; }

// f(image index, RGB in, RGB out) for every pixel.
template <class F>
at::Tensor for_each_pixel(const at::Tensor& images, F f) {
  at::Tensor from = images.contiguous(), result = at::empty_like(from);
  std::int64_t pixels = from.size(1) * from.size(2);
  const std::uint8_t* in = from.const_data_ptr<std::uint8_t>();
  std::uint8_t* out = result.data_ptr<std::uint8_t>();
  in_parallel(from.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b)
      for (std::int64_t i = b * pixels; i < (b + 1) * pixels; ++i)
        f(static_cast<std::size_t>(b), in + 3 * i, out + 3 * i);
  });
  return result;
}

// One pixel of hue_by_tensors; Convert.c's rgb2hsv and hsv2rgb.
void turn_hue(const std::uint8_t* in, int turn, std::uint8_t* out) {
  int r = in[0], g = in[1], b = in[2], high = std::max({r, g, b}), low = std::min({r, g, b});
  if (high == low) {
    out[0] = out[1] = out[2] = in[0];
    return;
  }
  auto range = static_cast<float>(high - low);
  float rc = static_cast<float>(high - r) / range, gc = static_cast<float>(high - g) / range,
        bc = static_cast<float>(high - b) / range;
  float sextant = r == high ? bc - gc : static_cast<float>(g == high ? 2.0 + rc - bc : 4.0 + gc - rc);
  double wrapped = sextant / 6.0 + 1.0;  // 5/6..11/6: fmod by 1 takes off 1 or nothing
  auto h = static_cast<float>(wrapped >= 1 ? wrapped - 1 : wrapped);
  int level = (static_cast<int>(h * 255.0) + turn) & 255,
      s = static_cast<int>((range / static_cast<float>(high)) * 255.0);
  if (s == 0) {
    out[0] = out[1] = out[2] = static_cast<std::uint8_t>(high);
    return;
  }
  double turned = static_cast<double>(static_cast<float>(level)) * 6.0 / 255.0;
  int i = static_cast<int>(turned);
  double f = static_cast<float>(turned - i), fs = static_cast<float>(s / 255.0), v = high;
  auto rounded = [](double value) { return static_cast<std::uint8_t>(clip(static_cast<int>(value + 0.5))); };
  std::uint8_t top = static_cast<std::uint8_t>(high), p = rounded(v * (1.0 - fs)), q = rounded(v * (1.0 - fs * f)),
               t = rounded(v * (1.0 - fs * (1.0 - f)));
  switch (i % 6) {
    case 0: out[0] = top, out[1] = t, out[2] = p; break;
    case 1: out[0] = q, out[1] = top, out[2] = p; break;
    case 2: out[0] = p, out[1] = top, out[2] = t; break;
    case 3: out[0] = p, out[1] = q, out[2] = top; break;
    case 4: out[0] = t, out[1] = p, out[2] = top; break;
    default: out[0] = top, out[1] = p, out[2] = q;
  }
}

std::int64_t turn_of(double share) { return static_cast<std::int64_t>(255 * share) & 255; }

}  // namespace

at::Tensor column(Reals values, at::ScalarType type, at::Device device, std::int64_t dimensions) {
  at::Tensor host = at::empty({static_cast<std::int64_t>(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), host.data_ptr<double>());
  std::vector<std::int64_t> shape(static_cast<std::size_t>(dimensions), 1);
  shape[0] = host.size(0);
  return device::to_device(host.to(type), device).view(shape);
}

at::Tensor grayscale(const at::Tensor& images) {
  return grey_level(images).to(at::kByte).expand_as(images).contiguous();
}

at::Tensor brightness(const at::Tensor& images, Reals factors) {
  at::Tensor black = at::zeros({1, 1, 1}, at::TensorOptions(at::kFloat).device(images.device()));
  return lookup(images, blend_table(black, factors, images.device()));
}

at::Tensor contrast(const at::Tensor& images, Reals factors) {
  at::Tensor mean =
      grey_level(images).sum({1, 2, 3}, false, at::kDouble) / static_cast<double>(images.size(1) * images.size(2));
  at::Tensor grey = (mean + 0.5).floor_().to(at::kFloat).view({-1, 1, 1});
  return lookup(images, blend_table(grey, factors, images.device()));
}

at::Tensor saturation(const at::Tensor& images, Reals factors) {
  if (!images.is_cpu()) return saturation_by_tensors(images, factors);
  return for_each_pixel(images, [&](std::size_t image, const std::uint8_t* in, std::uint8_t* out) {
    auto grey = static_cast<float>((19595 * in[0] + 38470 * in[1] + 7471 * in[2] + (1 << 15)) >> 16),
         factor = static_cast<float>(factors[image]);
    for (int c = 0; c < 3; ++c) {
      float mixed = (static_cast<float>(in[c]) - grey) * factor + grey;
      out[c] = static_cast<std::uint8_t>(mixed < 0 ? 0 : mixed > 255 ? 255 : mixed);
    }
  });
}

at::Tensor saturation_by_tensors(const at::Tensor& images, Reals factors) {
  return blend(grey_level(images).to(at::kFloat), images.to(at::kFloat),
               column(factors, at::kFloat, images.device(), 4));
}

// A 3 x 3 mean that counts the pixel itself five times; border pixels stay.
at::Tensor sharpness(const at::Tensor& images, Reals factors) {
  std::int64_t H = images.size(1), W = images.size(2);
  at::Tensor smooth = images.to(at::kFloat);
  if (H > 2 && W > 2) {
    at::Tensor x = images.to(at::kInt);
    at::Tensor rows = x.narrow(1, 0, H - 2) + x.narrow(1, 1, H - 2);
    rows.add_(x.narrow(1, 2, H - 2));
    at::Tensor sum = rows.narrow(2, 0, W - 2) + rows.narrow(2, 1, W - 2);
    sum.add_(rows.narrow(2, 2, W - 2)).add_(x.narrow(1, 1, H - 2).narrow(2, 1, W - 2), 4);
    // Rounded sum / 13; a half is not possible.
    smooth.narrow(1, 1, H - 2).narrow(2, 1, W - 2).copy_(at::floor_divide(sum.mul_(2).add_(13), 26));
  }
  return blend(smooth, images.to(at::kFloat), column(factors, at::kFloat, images.device(), 4));
}

// To HSV with 8 bits each, the hue turned by trunc(255 turns) modulo 256, and back. fp32 and fp64 exactly where
// Convert.c has them.
at::Tensor hue(const at::Tensor& images, Reals turns) {
  if (!images.is_cpu()) return hue_by_tensors(images, turns);
  return for_each_pixel(images, [&](std::size_t image, const std::uint8_t* in, std::uint8_t* out) {
    turn_hue(in, static_cast<int>(turn_of(turns[image])), out);
  });
}

at::Tensor hue_by_tensors(const at::Tensor& images, Reals turns) {
  std::vector<double> levels;
  for (double turn : turns) levels.push_back(static_cast<double>(turn_of(turn)));
  at::Tensor x = images.to(at::kFloat);
  at::Tensor r = x.select(3, 0), g = x.select(3, 1), b = x.select(3, 2);
  at::Tensor high = at::amax(x, 3), low = at::amin(x, 3);
  at::Tensor range = high - low, grey = range == 0;
  range.masked_fill_(grey, 1);
  at::Tensor rc = (high - r) / range, gc = (high - g) / range, bc = (high - b) / range;
  at::Tensor sextant = at::where(r == high, bc - gc,
                                 at::where(g == high, (rc.to(at::kDouble) + 2.0 - bc).to(at::kFloat),
                                           (gc.to(at::kDouble) + 4.0 - rc).to(at::kFloat)));
  at::Tensor h = at::fmod(sextant.to(at::kDouble) / 6.0 + 1.0, 1.0).to(at::kFloat);
  at::Tensor level = (h.to(at::kDouble) * 255.0).to(at::kInt).masked_fill_(grey, 0);
  at::Tensor s = (range / high.clamp_min(1)).to(at::kDouble).mul_(255.0).floor_().masked_fill_(grey, 0);
  level = (level + column(levels, at::kInt, images.device(), 3)).bitwise_and_(255);

  at::Tensor turned = level.to(at::kFloat).to(at::kDouble) * 6.0 / 255.0;
  at::Tensor i = turned.floor();
  at::Tensor f = (turned - i).to(at::kFloat).to(at::kDouble), fs = (s / 255.0).to(at::kFloat).to(at::kDouble),
             v = high.to(at::kDouble);
  // C's round, of what is not negative.
  auto rounded = [](const at::Tensor& value) { return value.add(0.5).floor_().clamp_(0, 255); };
  at::Tensor p = rounded(v * (1.0 - fs)), q = rounded(v * (1.0 - fs * f)), t = rounded(v * (1.0 - fs * (1.0 - f)));
  at::Tensor which = i.to(at::kLong).remainder(6).unsqueeze(3);
  auto choose = [&](std::vector<at::Tensor> by_sextant) {
    return at::stack(by_sextant, 3).gather(3, which).squeeze(3);
  };
  at::Tensor rgb = at::stack({choose({v, q, p, p, t, v}), choose({t, v, v, q, p, p}), choose({p, p, t, v, v, q})}, 3);
  return at::where((s == 0).unsqueeze(3), v.unsqueeze(3), rgb).to(at::kByte).contiguous();
}

}  // namespace winnow::view
