// Tensors filled from counter streams, element after element in memory order: initial weights, queues, contexts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "winnow/core/stream.h"

namespace winnow::model {

// fp64, on the host, whatever is made of it: the draws of a seed are the same in every precision and on every device.
// They are taken from the stream, which stands behind them afterwards.
at::Tensor normal(at::IntArrayRef shape, double mean, double deviation, Stream&);
at::Tensor uniform(at::IntArrayRef shape, double bound, Stream&);  // in [-bound, bound)
inline at::Tensor normal(at::IntArrayRef shape, double mean, double deviation, Stream&& stream) {
  return normal(shape, mean, deviation, stream);
}
inline at::Tensor uniform(at::IntArrayRef shape, double bound, Stream&& stream) {
  return uniform(shape, bound, stream);
}

// rows x columns, each row i from a stream of its own, (0, i): more rows leave the others as they are.
at::Tensor normal_rows(std::int64_t rows, std::int64_t columns, double deviation, const Streams&);
at::Tensor uniform_rows(std::int64_t rows, std::int64_t columns, double bound, const Streams&);

}  // namespace winnow::model
