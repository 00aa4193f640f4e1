#include "winnow/method/selections.h"

#include <ATen/ATen.h>

#include <cmath>

namespace winnow::method {

Selected label_match(const at::Tensor& logits, const at::Tensor& given) {
  at::Tensor label = logits.argmax(1);
  return {label == given, label};
}

at::Tensor small_losses(const at::Tensor& losses, const at::Tensor& ids, double forget) {
  auto count = static_cast<std::int64_t>((1 - forget) * static_cast<double>(losses.size(0)));
  at::Tensor by_id = ids.argsort();
  at::Tensor order = std::get<1>(losses.index_select(0, by_id).sort(/*stable=*/true, 0, /*descending=*/false));
  at::Tensor mask = at::zeros({losses.size(0)}, losses.options().dtype(at::kByte));
  mask.index_fill_(0, by_id.index_select(0, order.narrow(0, 0, count)), 1);
  return mask;
}

double forget_rate(std::int64_t epoch, std::int64_t warmup, double rate) {
  if (epoch >= warmup) return rate;
  return warmup == 1 ? 0 : rate * static_cast<double>(epoch) / static_cast<double>(warmup - 1);
}

double rate_to_forget(double noise_rate, bool structured) { return structured ? noise_rate / 2 : noise_rate; }

}  // namespace winnow::method
