// Windows bitmaps without compression, as Pillow reads them: some JPEGs of published data sets are bitmaps under
// another name. There is no library of the distribution for them alone.
#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "codec.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

// Little-endian numbers at places of a file.
class Bytes {
 public:
  Bytes(std::span<const std::byte> file, const std::string& name) : file_(file), name_(name) {}

  std::uint32_t number(std::size_t at, std::size_t bytes) const {
    if (at > file_.size() || bytes > file_.size() - at) refuse("the file ends too early (truncated?)");
    std::uint32_t value = 0;
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | std::to_integer<std::uint32_t>(file_[at + i]);
    return value;
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw DataError(fmt::format("{}: a broken BMP: {}", name_, what));
  }
  [[noreturn]] void refuse_kind(const std::string& what) const {
    throw DataError(fmt::format(
        "{}: a BMP {}, which is not read; without compression they are, of 1, 4, 8, 16, 24 and 32 bits a pixel", name_,
        what));
  }

 private:
  std::span<const std::byte> file_;
  const std::string& name_;
};

// One colour of a pixel of 16 or 32 bits: those under the mask, spread over 0..255.
struct Channel {
  std::uint32_t mask;

  std::uint8_t of(std::uint32_t pixel) const {
    if (mask == 0) return 0;
    std::uint32_t most = mask >> std::countr_zero(mask), value = (pixel & mask) >> std::countr_zero(mask);
    return static_cast<std::uint8_t>(value * 255ull / most);
  }
};

struct Header {
  std::size_t palette = 0, palette_entry = 4, colours = 0, pixels = 0;
  std::int64_t width = 0, height = 0;
  bool from_top = false;
  unsigned bits = 0;
  Channel channels[3] = {};  // red, green, blue, of 16 and 32 bits
};

Header header_of(const Bytes& bytes) {
  constexpr std::uint32_t kPlain = 0, kMasks = 3;
  Header header;
  header.pixels = bytes.number(10, 4);
  std::uint32_t size = bytes.number(14, 4), compression = kPlain;
  if (size == 12) {  // OS/2
    header.width = bytes.number(18, 2);
    header.height = bytes.number(20, 2);
    header.bits = bytes.number(24, 2);
    header.palette_entry = 3;
  } else if (size >= 40 && size <= 124) {
    header.width = static_cast<std::int32_t>(bytes.number(18, 4));
    header.height = static_cast<std::int32_t>(bytes.number(22, 4));
    header.bits = bytes.number(28, 2);
    compression = bytes.number(30, 4);
    header.colours = bytes.number(46, 4);
  } else {
    bytes.refuse_kind(fmt::format("with a header of {} bytes", size));
  }
  header.palette = 14 + size;
  header.from_top = header.height < 0;
  header.height = std::abs(header.height);
  if (header.width < 1 || header.height < 1)
    bytes.refuse(fmt::format("an image of {} x {}", header.height, header.width));
  if (compression != kPlain && compression != kMasks)
    bytes.refuse_kind(fmt::format("with compression {}", compression));
  if (compression == kMasks) {
    if (header.bits != 16 && header.bits != 32)
      bytes.refuse(fmt::format("colour masks with {} bits a pixel", header.bits));
    for (std::size_t c = 0; c < 3; ++c)
      header.channels[c].mask = bytes.number(54 + 4 * c, 4);  // behind a header of 40 bytes, inside longer ones
  } else {
    std::uint32_t five = 0x1f;
    for (unsigned c = 0; c < 3; ++c)
      header.channels[c].mask = header.bits == 16 ? five << (5 * (2 - c)) : 0xffu << (8 * (2 - c));
  }
  if (header.bits <= 8 && header.colours == 0) header.colours = std::size_t{1} << header.bits;
  if (header.colours > 256) header.colours = 256;
  return header;
}

}  // namespace

bool is_bmp(std::span<const std::byte> file) { return file.size() >= 18 && std::memcmp(file.data(), "BM", 2) == 0; }

Image decode_bmp(std::span<const std::byte> file, const std::string& name) {
  Bytes bytes(file, name);
  Header header = header_of(bytes);
  const unsigned bits = header.bits;
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
    bytes.refuse_kind(fmt::format("of {} bits a pixel", bits));
  if (header.height > kMostPixels / header.width)
    throw DataError(fmt::format("{}: {} x {} pixels are more than {}", name, header.height, header.width, kMostPixels));
  auto width = static_cast<std::size_t>(header.width), height = static_cast<std::size_t>(header.height);
  std::size_t row_bytes = (width * bits + 31) / 32 * 4;
  if (header.pixels > file.size() || row_bytes * height > file.size() - header.pixels)
    bytes.refuse("the file ends too early (truncated?)");
  std::uint8_t palette[256][3] = {};
  for (std::size_t i = 0; bits <= 8 && i < header.colours; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      palette[i][c] = static_cast<std::uint8_t>(bytes.number(header.palette + i * header.palette_entry + 2 - c, 1));
  Image image{header.height, header.width, std::vector<std::uint8_t>(3 * width * height)};
  for (std::size_t y = 0; y < height; ++y) {
    const std::byte* row = file.data() + header.pixels + (header.from_top ? y : height - 1 - y) * row_bytes;
    std::uint8_t* to = image.rgb.data() + 3 * y * width;
    auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(row[i]); };
    for (std::size_t x = 0; x < width; ++x, to += 3) {
      if (bits <= 8) {
        std::size_t index = byte(x * bits / 8) >> (8 - bits - x * bits % 8) & ((1u << bits) - 1);
        std::memcpy(to, palette[index], 3);
      } else if (bits == 24) {
        for (std::size_t c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>(byte(3 * x + 2 - c));
      } else {
        std::uint32_t pixel = 0;
        for (std::size_t i = bits / 8; i-- > 0;) pixel = pixel << 8 | byte(x * bits / 8 + i);
        for (std::size_t c = 0; c < 3; ++c) to[c] = header.channels[c].of(pixel);
      }
    }
  }
  return image;
}

}  // namespace winnow::data
