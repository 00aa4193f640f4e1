#include "winnow/device/transfer.h"

#include <ATen/ATen.h>

namespace winnow::device {

at::Tensor to_device(const at::Tensor& host, c10::Device device) {
  if (host.device() == device || host.numel() == 0) return host.to(device);
  if (!host.is_cpu()) return host.to(device, /*non_blocking=*/true);
  at::TensorOptions options = host.options().pinned_memory(true);
  at::Tensor pinned = host.is_non_overlapping_and_dense() ? at::empty_strided(host.sizes(), host.strides(), options)
                                                          : at::empty(host.sizes(), options);
  pinned.copy_(host);
  return pinned.to(device, /*non_blocking=*/true);
}

at::Tensor to_host(const at::Tensor& tensor) { return tensor.is_cpu() ? tensor : tensor.cpu(); }

}  // namespace winnow::device
