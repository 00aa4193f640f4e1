// The masks of dropout: numbers of counter streams, one stream a row.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace winnow::model {

struct MaskStreams {
  std::uint64_t seed;
  std::string purpose;
  std::uint64_t index;
};

// rows x numbers on `device`, bytes: 1 where the number of the row's stream (item `first` + row) is kept, with
// probability 1 - `dropped`; the same bits on every device. Large ones are computed on a device that is no CPU, small
// ones on the host, and copied without waiting.
at::Tensor kept_numbers(const MaskStreams&, std::int64_t first, std::int64_t rows, std::int64_t numbers, double dropped,
                        c10::Device device);

// The two ways.
at::Tensor kept_by_host(const MaskStreams&, std::int64_t first, std::int64_t rows, std::int64_t numbers,
                        double dropped);
at::Tensor kept_by_tensors(const MaskStreams&, std::int64_t first, std::int64_t rows, std::int64_t numbers,
                           double dropped, c10::Device device);

}  // namespace winnow::model
