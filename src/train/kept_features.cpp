#include "kept_features.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "winnow/core/error.h"
#include "winnow/core/revision.h"
#include "winnow/device/device.h"
#include "winnow/device/transfer.h"

namespace winnow::train {

namespace {

constexpr std::int64_t kProbe = 4;                            // images
constexpr std::int64_t kMostPending = std::int64_t{1} << 30;  // bytes on the device
constexpr std::int64_t kRoomAtOnce = std::int64_t{64} << 20;
constexpr auto kUnusedFor = std::chrono::hours(24);

std::span<std::byte> bytes_of(const at::Tensor& rows) {
  return {static_cast<std::byte*>(rows.data_ptr()), rows.nbytes()};
}

void add(Hasher& hasher, const at::Tensor& tensor) {
  at::Tensor host = device::to_host(tensor.detach()).contiguous();
  hasher.add(fmt::format("{} {}\n", at::toString(host.scalar_type()), host.numel())).add(bytes_of(host));
}

}  // namespace

KeptFeatures::KeptFeatures(Path folder, std::int64_t limit, std::string computed, at::TensorOptions real)
    : folder_(std::move(folder)), limit_(limit), fixed_{limit}, drawn_{limit / 2}, computed_(std::move(computed)),
      real_(real) {}

std::optional<Hash128> KeptFeatures::function_of(model::Tower& tower, Source& source) const {
  std::int64_t count = std::min(kProbe, source.size("test"));
  if (count == 0) return std::nullopt;
  at::Tensor ids = at::arange(count, at::TensorOptions(at::kLong));
  if (!source.content_of("test", "plain", ids, 0)) return std::nullopt;
  at::NoGradGuard no_gradient;
  model::Outputs answer = tower.rows(source.inputs("test", "plain", ids, 0));
  if (answer.all().size() != 1) return std::nullopt;
  Hasher hasher;
  hasher.add(fmt::format("{}\ntorch {}\n{}\n{} threads, {}\n", revision(), TORCH_VERSION,
                         device::kind_of(real_.device()), at::get_num_threads(), computed_));
  for (const model::Parameter& parameter : tower.weights().all()) {
    hasher.add(parameter.name);
    add(hasher, parameter.value);
  }
  add(hasher, answer.features());
  return hasher.digest();
}

std::string KeptFeatures::series(const Hash128& function, const RowsContent& content, std::int64_t columns) const {
  return fmt::format("features of {}\n{}\ntower {}\n{} x {}", content.data, content.view, function.hex(), columns,
                     at::toString(real_.dtype().toScalarType()));
}

Path KeptFeatures::file_of(const RowsContent& content, const std::string& series) const {
  return folder_ / fmt::format("{}-{}.rows", content.data, hash_of(series).hex());
}

data::KeptRows& KeptFeatures::open(const Path& file, const std::string& series) {
  auto found = files_.find(file);
  if (found != files_.end()) return found->second;
  found = files_.emplace(file, data::KeptRows(file, series)).first;
  std::error_code ignored;  // it is in use
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now(), ignored);
  return found->second;
}

at::Tensor KeptFeatures::rows(const Hash128& function, const RowsContent& content, std::int64_t rows,
                              std::int64_t columns, const std::function<at::Tensor()>& compute) {
  std::string series = this->series(function, content, columns);
  Path file = file_of(content, series);
  if (auto found = read(file, series, content.rows, rows, columns)) return *found;
  at::Tensor made = compute();
  if (made.dim() == 2 && made.scalar_type() == real_.dtype().toScalarType())
    keep({std::move(file), std::move(series), content.rows, made.detach(), content.fixed});
  return made;
}

std::optional<at::Tensor> KeptFeatures::read(const Path& file, const std::string& series, const Hash128& key,
                                             std::int64_t rows, std::int64_t columns) {
  try {
    std::error_code none;
    if (!files_.count(file) && !std::filesystem::exists(file, none)) return std::nullopt;
    at::Tensor found = at::empty({rows, columns}, real_.device(at::kCPU));
    if (!open(file, series).read(key, bytes_of(found))) return std::nullopt;
    rows_read_ += rows;
    return device::to_device(found, real_.device());
  } catch (const DeviceError&) {  // a disk that fails, a file that another machine has cut
    files_.erase(file);
    return std::nullopt;
  }
}

void KeptFeatures::keep(Pending pending) {
  if (room_of(pending).full) return;
  if (real_.device().is_cpu()) return write(pending);
  auto bytes = static_cast<std::int64_t>(pending.rows.nbytes());
  if (pending_bytes_ + bytes > kMostPending) return;
  pending_bytes_ += bytes;
  pending.rows = pending.rows.clone();  // whoever has computed it may write into it
  pending_.push_back(std::move(pending));
}

void KeptFeatures::settle() {
  for (const Pending& pending : std::exchange(pending_, {})) write(pending);
  pending_bytes_ = 0;
}

// Once for many records: other processes write into the folder, too, and the limit is no promise to the byte.
void KeptFeatures::look_for_room(Room& room, std::int64_t bytes) {
  struct Found {
    std::filesystem::file_time_type used;
    std::int64_t size;
    Path path;
    bool operator<(const Found& other) const { return used < other.used; }
  };
  std::vector<Found> files;
  std::int64_t used = 0;
  std::error_code code;
  for (std::filesystem::directory_iterator at(folder_, code), end; !code && at != end; at.increment(code)) {
    if (at->path().extension() != ".rows") continue;
    std::error_code gone;
    auto size = static_cast<std::int64_t>(at->file_size(gone));
    auto last = at->last_write_time(gone);
    if (!gone) used += size, files.push_back({last, size, at->path()});
  }
  std::int64_t wanted = std::max(bytes, std::min(kRoomAtOnce, limit_ / 16));
  if (used + wanted > room.limit) {
    std::sort(files.begin(), files.end());
    auto unused_since = std::filesystem::file_time_type::clock::now() - kUnusedFor;
    for (const Found& file : files) {
      if (used + wanted <= room.limit || file.used > unused_since) break;
      std::error_code gone;
      if (std::filesystem::remove(file.path, gone)) used -= file.size;
    }
  }
  auto disk = std::filesystem::space(std::filesystem::exists(folder_, code) ? folder_ : folder_.parent_path(), code);
  room.full = used + wanted > room.limit || (!code && disk.available < static_cast<std::uintmax_t>(limit_));
  room.left = room.full ? 0 : wanted;
}

void KeptFeatures::write(const Pending& pending) {
  Room& room = room_of(pending);
  if (room.full) return;
  at::Tensor rows = device::to_host(pending.rows).contiguous();
  auto bytes = static_cast<std::int64_t>(rows.nbytes());
  if (room.left < bytes) look_for_room(room, bytes);
  if (room.full) return;
  room.left -= bytes;
  try {
    open(pending.file, pending.series).keep(pending.key, bytes_of(rows));
  } catch (const DeviceError&) {
    fixed_.full = drawn_.full = true;
  }
}

}  // namespace winnow::train
