// The queue of keys that momentum contrast compares with, a ring of fixed length. docs/methods/unsupervised.md#4.2.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// On one device; each tensor can be a method's state.
struct KeyQueue {
  at::Tensor keys;     // Q x d; zeros where nothing was written
  at::Tensor ids;      // Q, int64: the keys' images, -1 where nothing was written
  at::Tensor pointer;  // {1}, int64: where the next key goes
  at::Tensor filled;   // {1}, int64: how many slots were written

  static KeyQueue empty(std::int64_t length, std::int64_t width, at::TensorOptions);
};

// Writes the batch's keys (n x d) and their images (n, int64) over the oldest, in order; of a batch longer than the
// queue its last ones stay. In place, without host synchronisation.
void enqueue(KeyQueue&, const at::Tensor& keys, const at::Tensor& ids);

}  // namespace winnow::method
