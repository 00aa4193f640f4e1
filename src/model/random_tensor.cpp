#include "winnow/model/random_tensor.h"

#include <ATen/ATen.h>

namespace winnow::model {

namespace {

template <class Draw>
at::Tensor filled(at::IntArrayRef shape, Draw draw) {
  at::Tensor result = at::empty(shape, at::kDouble);
  double* values = result.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < result.numel(); ++i) values[i] = draw(i);
  return result;
}

template <class Draw>
at::Tensor filled_rows(std::int64_t rows, std::int64_t columns, const Streams& streams, Draw draw) {
  Stream stream = streams.at(0, 0);
  return filled({rows, columns}, [&](std::int64_t i) {
    if (i % columns == 0) stream = streams.at(0, static_cast<std::uint32_t>(i / columns));
    return draw(stream);
  });
}

}  // namespace

at::Tensor normal(at::IntArrayRef shape, double mean, double deviation, Stream& stream) {
  return filled(shape, [&](std::int64_t) { return mean + deviation * stream.normal(); });
}

at::Tensor uniform(at::IntArrayRef shape, double bound, Stream& stream) {
  return filled(shape, [&](std::int64_t) { return stream.uniform(-bound, bound); });
}

at::Tensor normal_rows(std::int64_t rows, std::int64_t columns, double deviation, const Streams& streams) {
  return filled_rows(rows, columns, streams, [&](Stream& stream) { return deviation * stream.normal(); });
}

at::Tensor uniform_rows(std::int64_t rows, std::int64_t columns, double bound, const Streams& streams) {
  return filled_rows(rows, columns, streams, [&](Stream& stream) { return stream.uniform(-bound, bound); });
}

}  // namespace winnow::model
