#include "winnow/method/blended_targets.h"

#include <ATen/ATen.h>

#include "winnow/method/formulas.h"

namespace winnow::method {

at::Tensor blended_targets(const at::Tensor& ensemble, const at::Tensor& prototype, const at::Tensor& given,
                           const at::Tensor& kept, const TargetShares& shares, const at::Tensor& like) {
  at::Tensor own = one_hot(given, like);
  at::Tensor blend = shares.ensemble * one_hot(ensemble, like) + shares.prototype * one_hot(prototype, like) +
                     shares.given * own + shares.uniform / static_cast<double>(like.size(1));
  return at::where(kept.to(at::kBool).unsqueeze(1), own, blend);
}

}  // namespace winnow::method
