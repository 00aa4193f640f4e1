// Images after the first steps of a view, where those draw nothing and make one size (a resize, a crop of the centre):
// kept by the process that makes one first, so that later epochs, stages and processes of the machine read it instead
// of decoding a file again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "winnow/core/file.h"

namespace winnow::data {

class CacheFile;

// One file for all images of a split, each with its hash: it takes only the room of what is in it, is never half built,
// and an image that was cut off or damaged counts as missing. Threads and processes may read and keep at once: they
// keep the same.
class KeptImages {
 public:
  // `file` is made where it is missing, or where it is not one of these images. `content`: what they are of, and what
  // was done to them. Of `samples` images, `bytes` each. DeviceError.
  KeptImages(const Path& file, const std::string& content, std::int64_t samples, std::int64_t bytes);
  ~KeptImages();
  KeptImages(KeptImages&&) noexcept;

  bool read(std::int64_t sample,
            std::span<std::uint8_t> image) const;  // false where it is missing; then `image` is anything
  void keep(std::int64_t sample, std::span<const std::uint8_t> image) const;  // DeviceError for a full disk

 private:
  std::int64_t place(std::int64_t sample) const;

  std::unique_ptr<CacheFile> file_;
  std::int64_t samples_, bytes_;
};

}  // namespace winnow::data
