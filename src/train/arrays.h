// Tensors at the border of the run file.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "winnow/store/mapped_arrays.h"
#include "winnow/store/run_file.h"

namespace winnow::train {

store::Array array_of(const at::Tensor&);   // on the host; bool becomes u8, other types stay or widen
at::Tensor tensor_of(const store::Array&);  // a copy
// Without a copy: read-only, and it keeps the file mapped. DataError.
at::Tensor mapped(const std::shared_ptr<store::MappedArrays>&, const std::string& name);
// A copy of a named one. DataError where the content of `file` has none: "FILE holds no WHAT".
at::Tensor tensor_in(const store::RunContent&, const Path& file, const std::string& name, const std::string& what);

}  // namespace winnow::train
