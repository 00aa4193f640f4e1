// What decodes one kind of file. All check the size limit before they allocate.
#pragma once

#include "winnow/data/image.h"

namespace winnow::data {

inline constexpr std::int64_t kMostPixels = 178'956'970;

bool is_jpeg(std::span<const std::byte>);
bool is_png(std::span<const std::byte>);
bool is_gif(std::span<const std::byte>);
bool is_bmp(std::span<const std::byte>);
Image decode_jpeg(std::span<const std::byte>, const std::string& name);
Image decode_png(std::span<const std::byte>, const std::string& name);
Image decode_gif(std::span<const std::byte>, const std::string& name);
Image decode_bmp(std::span<const std::byte>, const std::string& name);

}  // namespace winnow::data
