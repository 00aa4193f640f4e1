#include "winnow/method/key_queue.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "winnow/method/contrast.h"

namespace winnow::method {

KeyQueue KeyQueue::empty(std::int64_t length, std::int64_t width, at::TensorOptions options) {
  at::TensorOptions number = options.dtype(at::kLong);
  return {at::zeros({length, width}, options), at::full({length}, -1, number), at::zeros({1}, number),
          at::zeros({1}, number)};
}

void enqueue(KeyQueue& queue, const at::Tensor& keys, const at::Tensor& ids) {
  std::int64_t length = queue.keys.size(0), n = keys.size(0), stay = std::min(n, length);
  at::Tensor from = queue.pointer + (n - stay);
  overwrite_oldest(queue.keys, keys.narrow(0, n - stay, stay), from);
  overwrite_oldest(queue.ids, ids.narrow(0, n - stay, stay), from);
  queue.pointer.add_(n).remainder_(length);
  queue.filled.add_(n).clamp_max_(length);
}

}  // namespace winnow::method
