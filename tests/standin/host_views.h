// One call of an operator: the device's tensors as tensors of the CPU over the same memory, and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <unordered_map>
#include <utility>

namespace standin {

class HostViews {
 public:
  at::Tensor host(const at::Tensor& on_device);
  // A result: one of the arguments, a view of one, or new.
  at::Tensor device(const at::Tensor& on_host, c10::Device);
  // Gives the device's tensors the sizes of those that the operator has resized.
  void settle();

 private:
  struct Pair {
    c10::Storage device, host;
  };
  std::unordered_map<c10::StorageImpl*, Pair> storages_;                               // by the device's
  std::unordered_map<c10::StorageImpl*, c10::StorageImpl*> device_;                    // of the host's
  std::unordered_map<c10::TensorImpl*, std::pair<at::Tensor, at::Tensor>> arguments_;  // on the host, on the device
};

}  // namespace standin
