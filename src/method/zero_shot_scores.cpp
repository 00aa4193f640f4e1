#include "winnow/method/zero_shot_scores.h"

#include <ATen/ATen.h>

#include "winnow/model/normalise.h"

namespace winnow::method {

at::Tensor averaged_texts(const at::Tensor& text, const at::Tensor& present) {
  at::Tensor absent = (present == 0).unsqueeze(2);  // what lies there may be anything, NaN too
  at::Tensor sum = model::normalise_rows(text).masked_fill(absent, 0).sum(1);
  return model::normalise_rows(sum / (present != 0).sum(1, /*keepdim=*/true));
}

at::Tensor cosine_logits(const at::Tensor& features, const at::Tensor& classes, double scale) {
  return scale * at::matmul(model::normalise_rows(features), model::normalise_rows(classes).t());
}

}  // namespace winnow::method
