#include "winnow/method/debiasing.h"

#include <ATen/ATen.h>

namespace winnow::method {

at::Tensor debiased_output(const at::Tensor& logits, const at::Tensor& prior, double strength) {
  return logits + strength * prior.detach().log();
}

at::Tensor debiased_probability(const at::Tensor& logits, const at::Tensor& prior, double strength) {
  return at::softmax(logits.detach() - strength * prior.detach().log(), 1);
}

at::Tensor moved_prior(const at::Tensor& prior, const at::Tensor& logits, double momentum) {
  return momentum * prior + (1 - momentum) * at::softmax(logits.detach(), 1).mean(0);
}

}  // namespace winnow::method
