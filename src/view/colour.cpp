// Colour adjustments as Pillow's ImageEnhance and torchvision's adjust_hue make them: a blend of the picture with its grey,
// mean-grey or smoothed version in fp32, cut to 8 bits (libImaging/Blend.c, Convert.c, Filter.c).
#include <ATen/ATen.h>

#include "operations.h"

namespace winnow::view {

namespace {

// The grey level of Pillow's convert("L"), B x H x W x 1, int32: (19595 R + 38470 G + 7471 B + 2^15) >> 16.
at::Tensor grey_level(const at::Tensor& pictures) {
  at::Tensor x = pictures.to(at::kInt);
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

}  // namespace

at::Tensor column(Reals values, at::ScalarType type, at::Device device, std::int64_t dimensions) {
  at::Tensor host = at::empty({static_cast<std::int64_t>(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), host.data_ptr<double>());
  std::vector<std::int64_t> shape(static_cast<std::size_t>(dimensions), 1);
  shape[0] = host.size(0);
  return host.to(type).to(device).view(shape);
}

at::Tensor grayscale(const at::Tensor& pictures) { return grey_level(pictures).to(at::kByte).expand_as(pictures).contiguous(); }

at::Tensor brightness(const at::Tensor& pictures, Reals factors) {
  at::Tensor black = at::zeros({1, 1, 1}, at::TensorOptions(at::kFloat).device(pictures.device()));
  return lookup(pictures, blend_table(black, factors, pictures.device()));
}

at::Tensor contrast(const at::Tensor& pictures, Reals factors) {
  at::Tensor mean = grey_level(pictures).sum({1, 2, 3}, false, at::kDouble) / static_cast<double>(pictures.size(1) * pictures.size(2));
  at::Tensor grey = (mean + 0.5).floor_().to(at::kFloat).view({-1, 1, 1});
  return lookup(pictures, blend_table(grey, factors, pictures.device()));
}

at::Tensor saturation(const at::Tensor& pictures, Reals factors) {
  return blend(grey_level(pictures).to(at::kFloat), pictures.to(at::kFloat), column(factors, at::kFloat, pictures.device(), 4));
}

// A 3 x 3 mean that counts the pixel itself five times; border pixels stay.
at::Tensor sharpness(const at::Tensor& pictures, Reals factors) {
  std::int64_t H = pictures.size(1), W = pictures.size(2);
  at::Tensor smooth = pictures.to(at::kFloat);
  if (H > 2 && W > 2) {
    at::Tensor x = pictures.to(at::kInt);
    at::Tensor rows = x.narrow(1, 0, H - 2) + x.narrow(1, 1, H - 2);
    rows.add_(x.narrow(1, 2, H - 2));
    at::Tensor sum = rows.narrow(2, 0, W - 2) + rows.narrow(2, 1, W - 2);
    sum.add_(rows.narrow(2, 2, W - 2)).add_(x.narrow(1, 1, H - 2).narrow(2, 1, W - 2), 4);
    // Rounded sum / 13; a half is not possible.
    smooth.narrow(1, 1, H - 2).narrow(2, 1, W - 2).copy_(at::floor_divide(sum.mul_(2).add_(13), 26));
  }
  return blend(smooth, pictures.to(at::kFloat), column(factors, at::kFloat, pictures.device(), 4));
}

// To HSV with 8 bits each, the hue turned by trunc(255 turns) modulo 256, and back. fp32 and fp64 exactly where Convert.c has them.
at::Tensor hue(const at::Tensor& pictures, Reals turns) {
  std::vector<double> levels;
  for (double turn : turns) levels.push_back(static_cast<double>(static_cast<std::int64_t>(255 * turn) & 255));
  at::Tensor x = pictures.to(at::kFloat);
  at::Tensor r = x.select(3, 0), g = x.select(3, 1), b = x.select(3, 2);
  at::Tensor high = at::amax(x, 3), low = at::amin(x, 3);
  at::Tensor range = high - low, grey = range == 0;
  range.masked_fill_(grey, 1);
  at::Tensor rc = (high - r) / range, gc = (high - g) / range, bc = (high - b) / range;
  at::Tensor sextant = at::where(r == high, bc - gc, at::where(g == high, (rc.to(at::kDouble) + 2.0 - bc).to(at::kFloat),
                                                               (gc.to(at::kDouble) + 4.0 - rc).to(at::kFloat)));
  at::Tensor h = at::fmod(sextant.to(at::kDouble) / 6.0 + 1.0, 1.0).to(at::kFloat);
  at::Tensor level = (h.to(at::kDouble) * 255.0).to(at::kInt).masked_fill_(grey, 0);
  at::Tensor s = (range / high.clamp_min(1)).to(at::kDouble).mul_(255.0).floor_().masked_fill_(grey, 0);
  level = (level + column(levels, at::kInt, pictures.device(), 3)).bitwise_and_(255);

  at::Tensor turned = level.to(at::kFloat).to(at::kDouble) * 6.0 / 255.0;
  at::Tensor i = turned.floor();
  at::Tensor f = (turned - i).to(at::kFloat).to(at::kDouble), fs = (s / 255.0).to(at::kFloat).to(at::kDouble), v = high.to(at::kDouble);
  auto rounded = [](const at::Tensor& value) { return value.add(0.5).floor_().clamp_(0, 255); };   // C's round, of what is not negative
  at::Tensor p = rounded(v * (1.0 - fs)), q = rounded(v * (1.0 - fs * f)), t = rounded(v * (1.0 - fs * (1.0 - f)));
  at::Tensor which = i.to(at::kLong).remainder(6).unsqueeze(3);
  auto choose = [&](std::vector<at::Tensor> by_sextant) { return at::stack(by_sextant, 3).gather(3, which).squeeze(3); };
  at::Tensor rgb = at::stack({choose({v, q, p, p, t, v}), choose({t, v, v, q, p, p}), choose({p, p, t, v, v, q})}, 3);
  return at::where((s == 0).unsqueeze(3), v.unsqueeze(3), rgb).to(at::kByte).contiguous();
}

}  // namespace winnow::view
