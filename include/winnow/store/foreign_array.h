// Arrays in HDF5 files that are no run files: what other programs computed.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::store {

struct ForeignArray {
  std::vector<std::size_t> shape;
  std::vector<double> values;  // row-major, whatever real or integer type the file has
};

// The data set `name` ("logits", "group/logits") of an HDF5 file. DataError naming the file, what is wrong and, where
// there is no such data set, those that there are.
ForeignArray read_foreign_array(const Path&, const std::string& name);

}  // namespace winnow::store
