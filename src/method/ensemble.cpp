#include "winnow/method/ensemble.h"

#include <ATen/ATen.h>

namespace winnow::method {

at::Tensor mean_probability(const at::Tensor& logits) { return at::softmax(logits, 2).mean(0); }

at::Tensor mean_logits(const at::Tensor& logits) { return logits.mean(0); }

}  // namespace winnow::method
