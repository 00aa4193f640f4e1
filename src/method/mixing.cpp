#include "winnow/method/mixing.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "winnow/method/formulas.h"

namespace winnow::method {

Tensor Mixing::of(const Tensor& rows) const {
  return weight * rows + (1 - weight) * rows.index_select(0, permutation.on_device());
}

Mixing draw_mixing(Step& step, std::int64_t index, std::int64_t count, double alpha) {
  auto weight = [alpha](Stream& stream) {
    double l = stream.beta(alpha, alpha);
    return at::scalar_tensor(std::max(l, 1 - l), at::TensorOptions(at::kDouble));
  };
  return {step.draw("mix.lambda", index, weight), step.draw_ids("mix.permutation", index, [&](Stream& stream) {
            return at::tensor(stream.permutation(count), at::kLong);
          })};
}

Tensor counted_cross_entropy(const Tensor& logits, const Mixing& mixing, const Tensor& target, const Tensor& counts) {
  Tensor weighted = mixing.of(target * counts.unsqueeze(1)), total = mixing.of(counts).sum();
  return -(weighted * at::log_softmax(logits, 1)).sum() / at::where(total > 0, total, at::ones_like(total));
}

Tensor mixed_loss(Step& step, const std::string& module, std::int64_t index, const Ids& chosen, const Tensor& target) {
  if (chosen.size() == 0) return at::zeros({}, target.options());
  Mixing mixing = draw_mixing(step, index, chosen.size());
  Ids ids = step.ids().select(chosen);
  Tensor logits = step.apply(module, {step.forward("main", mixing.view("weak", ids)).features()});
  return soft_cross_entropy(logits, mixing.of(target.index_select(0, chosen.on_device())));
}

}  // namespace winnow::method
