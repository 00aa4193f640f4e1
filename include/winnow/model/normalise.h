// Rows of unit length.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::model {

// x / |x| along the last dimension, without epsilon: the specifications' cosine has none. A row of zeros becomes NaN.
at::Tensor normalise_rows(const at::Tensor& rows);

// max(|x|, 1e-12), with a last dimension of one. Divided by it, a row of zeros stays one.
at::Tensor floored_norms(const at::Tensor& rows);
at::Tensor normalise_or_zero(const at::Tensor& rows);

}  // namespace winnow::model
