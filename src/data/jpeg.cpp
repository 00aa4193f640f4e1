// JPEG through libjpeg-turbo. Its errors leave by longjmp: every function that sets a jump target keeps nothing with a
// destructor in its frame, and what must be released belongs to Reader.
#include <fmt/format.h>
#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstdio>

#include "codec.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

struct Failure : jpeg_error_mgr {
  std::jmp_buf target;
  char text[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void fail(j_common_ptr info) {
  auto failure = static_cast<Failure*>(info->err);
  failure->format_message(info, failure->text);
  std::longjmp(failure->target, 1);
}

// libjpeg's own memory source invents an end marker where the data ends; a truncated image must fail instead.
boolean no_more_data(j_decompress_ptr info) {
  auto failure = static_cast<Failure*>(info->err);
  std::snprintf(failure->text, sizeof failure->text, "the file ends too early (truncated?)");
  std::longjmp(failure->target, 1);
}

void skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if (static_cast<std::size_t>(count) > info->src->bytes_in_buffer) no_more_data(info);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= static_cast<std::size_t>(count);
}

// Of C, M, Y, K as Adobe writes them (inverted): 255 - ink, darkened by black, in Pillow's rounding of a product by
// 255.
void cmyk_to_rgb(const std::uint8_t* from, std::uint8_t* to, std::int64_t pixels) {
  for (std::int64_t i = 0; i < pixels; ++i, from += 4, to += 3) {
    int light = from[3];
    for (int c = 0; c < 3; ++c) {
      int product = (255 - from[c]) * light + 128;
      to[c] = static_cast<std::uint8_t>(light - (((product >> 8) + product) >> 8));
    }
  }
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) {
    info_.err = jpeg_std_error(&failure_);
    failure_.error_exit = &fail;
    failure_.emit_message = [](j_common_ptr, int) {};
    failure_.output_message = [](j_common_ptr) {};
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(file.data());
    source_.bytes_in_buffer = file.size();
    source_.init_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = &no_more_data;
    source_.skip_input_data = &skip;
    source_.resync_to_restart = &jpeg_resync_to_restart;
    source_.term_source = [](j_decompress_ptr) {};
  }
  ~Reader() {
    if (created_) jpeg_destroy_decompress(&info_);
  }
  Reader(const Reader&) = delete;

  bool read_header() {
    if (setjmp(failure_.target)) return false;
    jpeg_create_decompress(&info_);
    created_ = true;
    info_.src = &source_;
    jpeg_read_header(&info_, TRUE);
    info_.out_color_space = info_.num_components == 1 ? JCS_GRAYSCALE : info_.num_components == 4 ? JCS_CMYK : JCS_RGB;
    return true;
  }

  // `row`: width x channels bytes, unused where the image is RGB.
  bool read_pixels(std::uint8_t* target, std::uint8_t* row) {
    if (setjmp(failure_.target)) return false;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      std::uint8_t* own = target + 3 * static_cast<std::size_t>(info_.output_scanline) * info_.output_width;
      JSAMPROW rows[1] = {channels() == 3 ? own : row};
      jpeg_read_scanlines(&info_, rows, 1);
      if (channels() == 1)
        for (unsigned x = 0; x < info_.output_width; ++x) own[3 * x] = own[3 * x + 1] = own[3 * x + 2] = row[x];
      if (channels() == 4) cmyk_to_rgb(row, own, info_.output_width);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  std::int64_t height() const { return info_.image_height; }
  std::int64_t width() const { return info_.image_width; }
  int channels() const { return info_.num_components; }
  const char* failure() const { return failure_.text; }

 private:
  jpeg_decompress_struct info_{};
  jpeg_source_mgr source_{};
  Failure failure_;
  bool created_ = false;
};

}  // namespace

bool is_jpeg(std::span<const std::byte> file) {
  return file.size() >= 3 && file[0] == std::byte{0xff} && file[1] == std::byte{0xd8} && file[2] == std::byte{0xff};
}

Image decode_jpeg(std::span<const std::byte> file, const std::string& name) {
  Reader reader(file);
  auto refuse = [&] { throw DataError(fmt::format("{}: a broken JPEG: {}", name, reader.failure())); };
  if (!reader.read_header()) refuse();
  if (reader.channels() != 1 && reader.channels() != 3 && reader.channels() != 4)
    throw DataError(fmt::format("{}: a JPEG of {} channels; 1, 3 and 4 are known", name, reader.channels()));
  if (reader.height() * reader.width() > kMostPixels)
    throw DataError(
        fmt::format("{}: {} x {} pixels are more than {}", name, reader.height(), reader.width(), kMostPixels));
  Image image{reader.height(), reader.width(),
              std::vector<std::uint8_t>(static_cast<std::size_t>(3 * reader.height() * reader.width()))};
  std::vector<std::uint8_t> row(static_cast<std::size_t>(image.width * reader.channels()));
  if (!reader.read_pixels(image.rgb.data(), row.data())) refuse();
  return image;
}

}  // namespace winnow::data
