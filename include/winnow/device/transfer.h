// Copies between the host and a stage's device: the only way across, so that a look of the host at the device is a call
// by this name. Area of its own: everything that computes with torch needs it.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::device {

// A copy of `host` in memory that the device can fetch it from while the host goes on (pinned), where there is such a
// thing; else the tensor itself. To be made on a thread of its own ahead of the step: to_device() then copies nothing.
at::Tensor ready_for(const at::Tensor& host, c10::Device device);

// `host` on `device`, without waiting: through pinned memory. On the CPU the tensor itself.
at::Tensor to_device(const at::Tensor& host, c10::Device device);

// A tensor of any device on the host. Waits until the device has computed it. Of the CPU the tensor itself.
at::Tensor to_host(const at::Tensor&);

}  // namespace winnow::device
