#include "tensor_file.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "winnow/model/snapshot.h"

namespace winnow::train {

SafeTensor entry_of(const at::Tensor& tensor) {
  return {model::safetensors_dtype(tensor.scalar_type()),
          tensor.sizes().vec(),
          {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}};
}

at::Tensor tensor_of(const SafeTensor& tensor) {
  at::Tensor own = at::empty(tensor.shape, at::TensorOptions(model::scalar_type(tensor.dtype)));
  std::copy(tensor.bytes.begin(), tensor.bytes.end(), static_cast<std::byte*>(own.mutable_data_ptr()));
  return own;
}

void write_tensors(const Path& path, const std::map<std::string, at::Tensor>& tensors,
                   const std::map<std::string, std::string>& metadata) {
  std::map<std::string, at::Tensor> host;
  std::map<std::string, SafeTensor> entries;
  for (const auto& [name, tensor] : tensors) entries[name] = entry_of(host[name] = tensor.detach().cpu().contiguous());
  write_safetensors(path, entries, metadata);
}

}  // namespace winnow::train
