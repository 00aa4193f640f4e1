#include "winnow/data/image.h"

#include <fmt/format.h>

#include "codec.h"
#include "winnow/core/error.h"

namespace winnow::data {

Image decode(std::span<const std::byte> file, const std::string& name) {
  if (is_jpeg(file)) return decode_jpeg(file, name);
  if (is_png(file)) return decode_png(file, name);
  if (is_gif(file)) return decode_gif(file, name);
  if (is_bmp(file)) return decode_bmp(file, name);
  if (file.empty()) throw DataError(fmt::format("{}: the file is empty", name));
  std::string start;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, file.size()); ++i)
    start += fmt::format(" {:02x}", std::to_integer<int>(file[i]));
  throw DataError(fmt::format(
      "{}: neither JPEG (ff d8 ff) nor PNG (89 50 4e 47), GIF (47 49 46 38) or BMP (42 4d): it starts with{}", name,
      start));
}

Image read_image(const Path& path) {
  std::string content = read_file(path);
  return decode(std::as_bytes(std::span(content)), path.string());
}

}  // namespace winnow::data
