#include "winnow/device/transfer.h"

#include <ATen/ATen.h>

namespace winnow::device {

at::Tensor ready_for(const at::Tensor& host, c10::Device device) {
  if (device.is_cpu() || !host.is_cpu() || host.numel() == 0 || host.is_pinned()) return host;
  at::TensorOptions options = host.options().pinned_memory(true);
  at::Tensor pinned = host.is_non_overlapping_and_dense() ? at::empty_strided(host.sizes(), host.strides(), options)
                                                          : at::empty(host.sizes(), options);
  return pinned.copy_(host);
}

at::Tensor to_device(const at::Tensor& host, c10::Device device) {
  if (host.device() == device || host.numel() == 0) return host.to(device);
  return ready_for(host, device).to(device, /*non_blocking=*/true);
}

at::Tensor to_host(const at::Tensor& tensor) { return tensor.is_cpu() ? tensor : tensor.cpu(); }

}  // namespace winnow::device
