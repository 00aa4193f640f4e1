#include "winnow/method/self_regulation.h"

#include <ATen/ATen.h>

#include "winnow/method/formulas.h"

namespace winnow::method {

SelfRegulation self_regulation(const at::Tensor& image, const at::Tensor& text, const at::Tensor& frozen_image,
                               const at::Tensor& frozen_text, const at::Tensor& label, double scale) {
  at::Tensor logits = scale * at::matmul(image, text.t());
  at::Tensor frozen = at::log_softmax(scale * at::matmul(frozen_image, frozen_text.t()), 1);
  at::Tensor divergence = (frozen.exp() * (frozen - at::log_softmax(logits, 1))).sum();
  return {cross_entropy(logits, label).mean(), (text - frozen_text).abs().mean(), (image - frozen_image).abs().mean(),
          divergence / static_cast<double>(logits.numel())};
}

}  // namespace winnow::method
