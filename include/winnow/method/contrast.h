// Contrast of embeddings, and the class prototypes that some methods keep beside it.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// B x M: log share of each of the M others in its row's similarities, own entries (i, i) left out:
// s_ik - log sum_{m != i} exp(s_im). similarity: B x M, M >= B; row i's own entry is column i. The diagonal of the
// result is 0.
at::Tensor log_shares(const at::Tensor& similarity);

// Moves the prototype of each row's label towards the row, sample after sample in their order:
// mu <- momentum mu + (1 - momentum) row, and then normalises all prototypes (one of zeros stays). In place;
// prototypes: C x d; rows: B x d; labels: B x C indicators, a row of zeros moves nothing. In closed form, without a
// loop over samples.
void move_prototypes(at::Tensor& prototypes, const at::Tensor& rows, const at::Tensor& labels, double momentum);

// Overwrites the oldest rows of a ring: rows go to pointer, pointer + 1, ... modulo its length. pointer: {1}, int64;
// the caller moves it on. At most as many rows as the ring has.
void overwrite_oldest(at::Tensor& ring, const at::Tensor& rows, const at::Tensor& pointer);

// Puts rows in front, newest first, and drops what no longer fits.
void push_front(at::Tensor& queue, const at::Tensor& rows);

}  // namespace winnow::method
