#include "winnow/method/ids.h"

#include <ATen/ATen.h>

#include "winnow/device/transfer.h"

namespace winnow::method {

Ids::Ids(at::Tensor host, c10::Device device) : host_(std::move(host)), device_(device::to_device(host_, device)) {}

Ids Ids::range(std::int64_t first, std::int64_t last, c10::Device device) {
  at::Tensor host = at::arange(first, last, at::TensorOptions(at::kLong));
  if (device.is_cpu()) return {host, device};
  return {host, at::arange(first, last, at::TensorOptions(at::kLong).device(device))};
}

Ids Ids::where(const at::Tensor& mask) { return {device::to_host(mask).nonzero().squeeze(1), mask.device()}; }

Ids Ids::narrow(std::int64_t first, std::int64_t last) const {
  return {host_.narrow(0, first, last - first), device_.narrow(0, first, last - first)};
}

Ids Ids::select(const Ids& rows) const {
  at::Tensor host = host_.index_select(0, rows.host_);
  return {host, device_.is_cpu() ? host : device_.index_select(0, rows.device_)};
}

}  // namespace winnow::method
