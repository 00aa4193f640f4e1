// The idx layout of MNIST and its successors: http://yann.lecun.com/exdb/mnist/, gzipped or plain.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::data {

struct Idx {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> values;  // unsigned bytes, row-major
};

// DataError naming the file for a wrong magic, another element type, a truncated or too long file, a broken gzip
// stream.
Idx read_idx(const Path&, std::size_t dimensions);

}  // namespace winnow::data
