// Optimal transport between the samples of a batch and the classes, by Sinkhorn's alternation. Wang et al., "SoLar:
// Sinkhorn label refinery for imbalanced partial-label learning", 2022; docs/methods/partial-labels.md#5.11.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// Plan R x C in fp64 whose rows sum to 1 and whose columns go with `prior` (C): the rows' predictions, raised to
// `power`, are scaled by `rounds` alternations, classes first, from equal row scales.
//
// log_rows: R x C, logarithms of predictions, -inf outside the candidates; logarithms, for the product of many scalings
// of a probability cannot underflow there. present: R, bool; a row that is not, or that has no mass, takes no part and
// gets zeros. A class without any mass would divide by zero: then the zeros of all rows count as 1e-5 and their entries
// of the plan are taken back to zero, so that rows may sum to less than 1. That is found on the device, without a look
// from the host.
at::Tensor transport_plan(const at::Tensor& log_rows, const at::Tensor& present, const at::Tensor& prior, double power,
                          std::int64_t rounds);

}  // namespace winnow::method
