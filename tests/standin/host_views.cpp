#include "host_views.h"

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>

#include "memory.h"

namespace standin {

namespace {

// A tensor over a storage, laid out as another tensor is.
at::Tensor tensor_over(c10::Storage storage, c10::DispatchKey key, const at::Tensor& like) {
  at::Tensor made =
      at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), like.dtype());
  c10::TensorImpl* impl = made.unsafeGetTensorImpl();
  impl->set_sizes_and_strides(like.sizes(), like.strides(), like.storage_offset());
  if (like.unsafeGetTensorImpl()->is_wrapped_number()) impl->set_wrapped_number(true);
  return made;
}

bool same_layout(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.strides() == b.strides() && a.storage_offset() == b.storage_offset();
}

}  // namespace

at::Tensor HostViews::host(const at::Tensor& on_device) {
  c10::StorageImpl* key = on_device.storage().unsafeGetStorageImpl();
  auto found = storages_.find(key);
  if (found == storages_.end()) {
    c10::DataPtr data(flipped(on_device.storage().data_ptr().get()), c10::DeviceType::CPU);
    c10::Storage host(c10::Storage::use_byte_size_t(), on_device.storage().nbytes(), std::move(data),
                      c10::GetCPUAllocator(), /*resizable=*/true);
    device_[host.unsafeGetStorageImpl()] = key;
    found = storages_.emplace(key, Pair{on_device.storage(), std::move(host)}).first;
  }
  at::Tensor made = tensor_over(found->second.host, c10::DispatchKey::CPU, on_device);
  if (on_device.requires_grad()) made.set_requires_grad(true);  // kernels may choose by it
  arguments_.emplace(made.unsafeGetTensorImpl(), std::pair(made, on_device));
  return made;
}

at::Tensor HostViews::device(const at::Tensor& on_host, c10::Device where) {
  if (!on_host.defined()) return on_host;
  if (auto found = arguments_.find(on_host.unsafeGetTensorImpl()); found != arguments_.end())
    return found->second.second;
  if (auto found = device_.find(on_host.storage().unsafeGetStorageImpl()); found != device_.end())
    return tensor_over(storages_.at(found->second).device, c10::DispatchKey::PrivateUse1, on_host);
  at::Tensor fresh = on_host.storage().use_count() == 1 ? on_host : on_host.clone();
  c10::DataPtr data = fresh.storage().set_data_ptr(c10::DataPtr());
  c10::Storage storage(c10::Storage::use_byte_size_t(), fresh.storage().nbytes(), to_device(std::move(data), where),
                       &device_memory(), /*resizable=*/true);
  return tensor_over(std::move(storage), c10::DispatchKey::PrivateUse1, fresh);
}

void HostViews::settle() {
  for (auto& [key, pair] : storages_) {
    bool kept = pair.host.data_ptr().get() == flipped(pair.device.data_ptr().get()) &&
                pair.host.nbytes() == pair.device.nbytes();
    if (kept) continue;
    c10::DataPtr data = pair.host.set_data_ptr(c10::DataPtr());
    pair.device.set_data_ptr_noswap(to_device(std::move(data), pair.device.device()));
    pair.device.set_nbytes(pair.host.nbytes());
  }
  for (auto& [impl, pair] : arguments_) {
    const auto& [on_host, on_device] = pair;
    if (!same_layout(on_host, on_device))
      on_device.unsafeGetTensorImpl()->set_sizes_and_strides(on_host.sizes(), on_host.strides(),
                                                             on_host.storage_offset());
  }
}

}  // namespace standin
