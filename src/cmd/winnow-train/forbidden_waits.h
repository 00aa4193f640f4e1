// What the stand-in device holds of a step, held on a GPU: the host waits for nothing while a step is computed.
#pragma once

#include <ATen/record_function.h>
#include <c10/core/Device.h>

namespace winnow::cmd {

// While it lives, whatever makes the host wait for a GPU within a forward, a loss, a module, a backward or an
// optimiser's step is a c10::Error there. UsageError where the device is no GPU.
class ForbiddenWaits {
 public:
  explicit ForbiddenWaits(c10::Device);
  ~ForbiddenWaits();
  ForbiddenWaits(const ForbiddenWaits&) = delete;

 private:
  at::CallbackHandle handle_;
};

}  // namespace winnow::cmd
