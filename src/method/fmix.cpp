#include "winnow/method/fmix.h"

#include <ATen/ATen.h>

#include <vector>

namespace winnow::method {

at::Tensor low_frequency_ranks(const at::Tensor& normal, double decay, double shift) {
  std::int64_t side = normal.size(1);
  at::TensorOptions doubles(at::kDouble);
  at::Tensor rows = at::fft_fftfreq(side, 1.0, doubles).unsqueeze(1), columns = at::fft_rfftfreq(side, 1.0, doubles);
  at::Tensor frequency = (rows.square() + columns.square()).sqrt().clamp_min(1.0 / static_cast<double>(side));
  at::Tensor spectrum = at::complex(normal[0], normal[1]) / frequency.pow(decay);
  at::Tensor image = at::fft_irfft2(spectrum, std::vector<std::int64_t>{side, side});
  // The largest cell has rank 0; of equal ones, which only a forged draw has, the first in the row's order.
  at::Tensor order = std::get<1>(image.flatten().sort(/*stable=*/true, 0, /*descending=*/true));
  at::Tensor ranks = at::empty({side * side}, doubles);
  ranks.index_put_({order}, (at::arange(side * side, doubles) + shift) / static_cast<double>(side * side));
  return ranks.view({side, side});
}

MaskMixing draw_mask_mixing(Step& step, std::int64_t index, std::int64_t count) {
  constexpr std::int64_t kSide = 32;
  constexpr double kDecay = 3, kAlpha = 1;
  Tensor share = step.draw("fmix.lambda", index, [](Stream& stream) {
    return at::scalar_tensor(stream.beta(kAlpha, kAlpha), at::TensorOptions(at::kDouble));
  });
  Tensor ranks = step.draw("fmix.ranks", index, [](Stream& stream) {
    std::vector<double> normal(static_cast<std::size_t>(2 * kSide * (kSide / 2 + 1)));
    for (double& value : normal) value = stream.normal();
    return low_frequency_ranks(at::tensor(normal, at::TensorOptions(at::kDouble)).view({2, kSide, kSide / 2 + 1}),
                               kDecay, stream.uniform());
  });
  Ids permutation = step.draw_ids("fmix.permutation", index,
                                  [&](Stream& stream) { return at::tensor(stream.permutation(count), at::kLong); });
  return {(ranks < share).to(ranks.scalar_type()), {share, permutation}};
}

}  // namespace winnow::method
