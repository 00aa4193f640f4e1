// Numbers of samples, classes or rows, where both sides need them: on the host, which decodes images and draws views,
// and on the stage's device, where they index labels, states and rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace winnow::method {

// B numbers, int64, on the host and, copied once without waiting, on the device. Cheap to copy; not written to.
class Ids {
 public:
  Ids() = default;
  Ids(at::Tensor host, c10::Device device);
  static Ids range(std::int64_t first, std::int64_t last, c10::Device device);  // first .. last - 1
  // The rows of a mask (B, on the stage's device) that are set. The host looks at the device: a method that needs it
  // says so in its declaration of waits (docs/design.md#13).
  static Ids where(const at::Tensor& mask);

  std::int64_t size() const { return host_.defined() ? host_.size(0) : 0; }
  const at::Tensor& on_host() const { return host_; }
  const at::Tensor& on_device() const { return device_; }

  Ids narrow(std::int64_t first, std::int64_t last) const;  // rows first .. last - 1
  Ids select(const Ids& rows) const;                        // these[rows]

 private:
  Ids(at::Tensor host, at::Tensor device) : host_(std::move(host)), device_(std::move(device)) {}

  at::Tensor host_, device_;
};

}  // namespace winnow::method
