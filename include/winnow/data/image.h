// Images as they lie on a disk: JPEG, PNG, GIF (its first image) and BMP to 8-bit RGB. The result is that of Pillow's
// Image.open(f).convert("RGB"): EXIF orientation, gamma and colour profiles are ignored, alpha and colour keys are
// dropped and not blended, 16-bit colours keep their high byte, 16-bit grey is clipped at 255, CMYK is taken as Adobe's
// inverted one. The content decides, not the name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::data {

struct Image {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> rgb;  // height x width x 3
};

// `name` is for messages. DataError, in one line: no image of a known kind, a damaged header, damaged or missing data,
// more than 178,956,970 pixels (Pillow's limit). Data that a JPEG decoder can resume after is no error, as in Pillow; a
// JPEG without its end marker is.
Image decode(std::span<const std::byte> file, const std::string& name);
Image read_image(const Path&);

}  // namespace winnow::data
