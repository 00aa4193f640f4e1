// PNG through libpng; the same care with longjmp as in jpeg.cpp. Chunks after the image's data are not looked at.
#include <fmt/format.h>
#include <png.h>

#include <cstdio>
#include <cstring>

#include "codec.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) : rest_(file) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &Reader::fail, [](png_structp, png_const_charp) {});
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) throw DeviceError("libpng: no memory for an image's header");
    png_set_read_fn(png_, this, &Reader::read);
    png_set_crc_action(png_, PNG_CRC_DEFAULT, PNG_CRC_ERROR_QUIT);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;

  bool read_header() {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_info(png_, info_);
    type = png_get_color_type(png_, info_);
    depth = png_get_bit_depth(png_, info_);
    height = png_get_image_height(png_, info_);
    width = png_get_image_width(png_, info_);
    if (type == PNG_COLOR_TYPE_PALETTE) {
      png_set_packing(png_);  // one index a byte
      png_colorp colours = nullptr;
      int count = 0;
      png_get_PLTE(png_, info_, &colours, &count);
      for (int i = 0; i < count; ++i) palette[i] = colours[i];
    } else if (type == PNG_COLOR_TYPE_GRAY && depth < 8) {
      png_set_expand_gray_1_2_4_to_8(png_);
    } else if (depth == 16 && type != PNG_COLOR_TYPE_GRAY) {
      png_set_strip_16(png_);  // keeps the high byte
    }
    passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    row_bytes = png_get_rowbytes(png_, info_);
    return true;
  }

  bool read_rows(std::uint8_t* target) {  // height x row_bytes
    if (setjmp(png_jmpbuf(png_))) return false;
    for (int pass = 0; pass < passes; ++pass)
      for (std::size_t y = 0; y < height; ++y) png_read_row(png_, target + y * row_bytes, nullptr);
    return true;
  }

  const char* failure() const { return text_; }

  int type = 0, depth = 0, passes = 1;
  std::size_t height = 0, width = 0, row_bytes = 0;
  png_color palette[256] = {};

 private:
  static void fail(png_structp png, png_const_charp text) {
    auto self = static_cast<Reader*>(png_get_error_ptr(png));
    std::snprintf(self->text_, sizeof self->text_, "%s", text);
    png_longjmp(png, 1);
  }
  static void read(png_structp png, png_bytep target, std::size_t size) {
    auto self = static_cast<Reader*>(png_get_io_ptr(png));
    if (size > self->rest_.size()) png_error(png, "the file ends too early (truncated?)");
    std::memcpy(target, self->rest_.data(), size);
    self->rest_ = self->rest_.subspan(size);
  }

  std::span<const std::byte> rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  char text_[128] = "";
};

// One row of what libpng gives to RGB.
void to_rgb(const Reader& reader, const std::uint8_t* from, std::uint8_t* to) {
  for (std::size_t x = 0; x < reader.width; ++x, to += 3) {
    switch (reader.type) {
      case PNG_COLOR_TYPE_PALETTE: {
        const png_color& colour = reader.palette[from[x]];
        to[0] = colour.red, to[1] = colour.green, to[2] = colour.blue;
        break;
      }
      case PNG_COLOR_TYPE_GRAY:
        if (reader.depth == 16) to[0] = from[2 * x] ? 255 : from[2 * x + 1];
        else to[0] = from[x];
        to[1] = to[2] = to[0];
        break;
      case PNG_COLOR_TYPE_GRAY_ALPHA: to[0] = to[1] = to[2] = from[2 * x]; break;
      case PNG_COLOR_TYPE_RGB: std::memcpy(to, from + 3 * x, 3); break;
      default: std::memcpy(to, from + 4 * x, 3);  // with alpha
    }
  }
}

}  // namespace

bool is_png(std::span<const std::byte> file) {
  return file.size() >= 8 && png_sig_cmp(reinterpret_cast<png_const_bytep>(file.data()), 0, 8) == 0;
}

Image decode_png(std::span<const std::byte> file, const std::string& name) {
  Reader reader(file);
  // Indices beyond the palette are grey levels, as in Pillow.
  for (int i = 0; i < 256; ++i)
    reader.palette[i].red = reader.palette[i].green = reader.palette[i].blue = static_cast<png_byte>(i);
  auto refuse = [&] { throw DataError(fmt::format("{}: a broken PNG: {}", name, reader.failure())); };
  if (!reader.read_header()) refuse();
  if (reader.height * reader.width > static_cast<std::size_t>(kMostPixels))
    throw DataError(fmt::format("{}: {} x {} pixels are more than {}", name, reader.height, reader.width, kMostPixels));
  // An interlaced image needs all of its rows between passes.
  std::vector<std::uint8_t> rows(reader.height * reader.row_bytes);
  if (!reader.read_rows(rows.data())) refuse();
  Image image{static_cast<std::int64_t>(reader.height), static_cast<std::int64_t>(reader.width), {}};
  image.rgb.resize(3 * reader.height * reader.width);
  for (std::size_t y = 0; y < reader.height; ++y)
    to_rgb(reader, rows.data() + y * reader.row_bytes, image.rgb.data() + y * reader.width * 3);
  return image;
}

}  // namespace winnow::data
