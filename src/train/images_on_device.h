// Images that are the same in every epoch, kept on the device as bytes once they were there: a small data set as a
// whole, of a larger one as many as a budget takes. So a step uploads which images it wants, not the images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace winnow::train {

// One thread.
class ImagesOnDevice {
 public:
  // Which images, all of one shape: of a split, in a view, of a member of the test-time ensemble.
  using Series = std::tuple<std::string, std::string, std::int64_t>;
  // `budget`: bytes for all series together, first come, first served. 0, or the host for a device: nothing is kept.
  ImagesOnDevice(c10::Device, std::int64_t budget);

  bool keeps_any() const { return budget_ > 0; }
  c10::Device device() const { return device_; }
  // Whether all of them are there. `ids`: int64, on the host, below the series' `size`.
  bool has(const Series&, const at::Tensor& ids) const;
  bool has_all(const Series&) const;
  // Where images lie that it has: int64, on the host.
  at::Tensor places(const Series&, const at::Tensor& ids) const;
  at::Tensor get(const Series&, const at::Tensor& places) const;  // on the device, as places are; uint8; no wait
  // The levels (uint8, on the host, row i of image ids[i]) on the device; as many as there is room for stay there. No
  // wait. `size`: images of the series, of which each is kept once.
  at::Tensor put(const Series&, std::int64_t size, const at::Tensor& ids, const at::Tensor& levels);
  // Whether a whole series of `size` images of these bytes has room, or is there.
  bool has_room_for(const Series&, std::int64_t bytes) const;
  std::int64_t bytes() const { return used_; }

 private:
  struct Kept {
    at::Tensor images;                // capacity x height x width x channels, on the device
    std::vector<std::int64_t> place;  // of each image among them; -1: not there
    std::int64_t filled = 0;
  };
  c10::Device device_;
  std::int64_t budget_, used_ = 0;
  std::map<Series, Kept> all_;
};

}  // namespace winnow::train
