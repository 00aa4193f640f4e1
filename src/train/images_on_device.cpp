#include "images_on_device.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "winnow/device/transfer.h"

namespace winnow::train {

ImagesOnDevice::ImagesOnDevice(c10::Device device, std::int64_t budget)
    : device_(device), budget_(device.is_cpu() ? 0 : budget) {}

bool ImagesOnDevice::has(const Series& series, const at::Tensor& ids) const {
  auto found = all_.find(series);
  if (found == all_.end()) return false;
  const std::int64_t* id = ids.const_data_ptr<std::int64_t>();
  return std::all_of(id, id + ids.numel(),
                     [&](std::int64_t i) { return found->second.place[static_cast<std::size_t>(i)] >= 0; });
}

bool ImagesOnDevice::has_room_for(const Series& series, std::int64_t bytes) const {
  return all_.count(series) != 0 || used_ + bytes <= budget_;
}

bool ImagesOnDevice::has_all(const Series& series) const {
  auto found = all_.find(series);
  return found != all_.end() && found->second.filled == static_cast<std::int64_t>(found->second.place.size());
}

at::Tensor ImagesOnDevice::places(const Series& series, const at::Tensor& ids) const {
  const Kept& own = all_.at(series);
  at::Tensor places = at::empty({ids.numel()}, at::TensorOptions(at::kLong));
  const std::int64_t* id = ids.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < ids.numel(); ++i)
    places.data_ptr<std::int64_t>()[i] = own.place[static_cast<std::size_t>(id[i])];
  return places;
}

at::Tensor ImagesOnDevice::get(const Series& series, const at::Tensor& places) const {
  return all_.at(series).images.index_select(0, places);
}

at::Tensor ImagesOnDevice::put(const Series& series, std::int64_t size, const at::Tensor& ids,
                               const at::Tensor& levels) {
  at::Tensor there = device::to_device(levels, device_);
  if (!keeps_any() || ids.numel() == 0) return there;
  auto [found, fresh] = all_.try_emplace(series);
  Kept& own = found->second;
  if (fresh) {
    std::int64_t image = levels[0].numel(), capacity = std::min(size, (budget_ - used_) / image);
    std::vector<std::int64_t> shape = levels.sizes().vec();
    shape[0] = capacity;
    own.images = at::empty(shape, there.options());
    own.place.assign(static_cast<std::size_t>(size), -1);
    used_ += capacity * image;
  }
  std::vector<std::int64_t> rows;
  std::int64_t first = own.filled;
  const std::int64_t* id = ids.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < ids.numel() && own.filled < own.images.size(0); ++i) {
    std::int64_t& place = own.place[static_cast<std::size_t>(id[i])];
    if (place >= 0) continue;
    place = own.filled++;
    rows.push_back(i);
  }
  if (rows.empty()) return there;
  auto count = static_cast<std::int64_t>(rows.size());
  bool all = count == there.size(0);
  own.images.narrow(0, first, count)
      .copy_(all ? there : there.index_select(0, device::to_device(at::tensor(rows, at::kLong), device_)));
  return there;
}

}  // namespace winnow::train
