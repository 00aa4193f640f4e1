#include "winnow/model/normalise.h"

#include <ATen/ATen.h>

namespace winnow::model {

namespace {

at::Tensor norms(const at::Tensor& rows) {
  return at::linalg_vector_norm(rows, 2, at::IntArrayRef{-1}, /*keepdim=*/true);
}

}  // namespace

at::Tensor normalise_rows(const at::Tensor& rows) { return rows / norms(rows); }
at::Tensor floored_norms(const at::Tensor& rows) { return norms(rows).clamp_min(1e-12); }
at::Tensor normalise_or_zero(const at::Tensor& rows) { return rows / floored_norms(rows); }

}  // namespace winnow::model
