// Mixing of a batch's samples with each other: weight l' = max(l, 1 - l) with l ~ Beta(4, 4) or another, and a
// permutation.
// docs/methods/partial-labels.md#5.11 to #5.13; Zhang et al., "mixup: beyond empirical risk minimization", 2018.
#pragma once

#include "winnow/method/method.h"

namespace winnow::method {

struct Mixing {
  Tensor weight;    // a scalar
  Ids permutation;  // of `count` rows

  Tensor of(const Tensor& rows) const;  // weight * rows + (1 - weight) * rows[permutation]
  // The images of these ids, each mixed with its partner's.
  Rows view(const std::string& name, const Ids& ids) const { return {{{name, ids}}, permutation, weight}; }
};

// The draws of this step by number: a method that mixes twice uses 0 and 1. l ~ Beta(alpha, alpha).
Mixing draw_mixing(Step&, std::int64_t index, std::int64_t count, double alpha = 4);

// Mean of -sum t log p over mixed rows, each of a row's two sides by its weight and by how much the side counts: a
// scalar, zero where no side counts. logits: B x C, of the mixed rows; target: B x C, counts: B, both of the rows
// before they are mixed. docs/methods/noisy-labels.md#6.9 (ProMix).
Tensor counted_cross_entropy(const Tensor& logits, const Mixing&, const Tensor& target, const Tensor& counts);

// RC(z_mix, T_mix) of `module`'s logits: the chosen rows of the batch (positions) are mixed among themselves. No rows:
// zero.
Tensor mixed_loss(Step&, const std::string& module, std::int64_t index, const Ids& chosen, const Tensor& target);

}  // namespace winnow::method
