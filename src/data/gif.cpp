// The first image of a GIF through giflib: some JPEGs of published data sets are GIFs under another name. As Pillow
// shows it: pixels that the image does not cover have the transparent colour, or the palette's first one; transparency
// is dropped.
#include <fmt/format.h>
#include <gif_lib.h>

#include <cstring>
#include <memory>

#include "codec.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

int read(GifFileType* gif, GifByteType* target, int size) {
  auto& rest = *static_cast<std::span<const std::byte>*>(gif->UserData);
  auto count = std::min(rest.size(), static_cast<std::size_t>(size));
  std::memcpy(target, rest.data(), count);
  rest = rest.subspan(count);
  return static_cast<int>(count);
}

struct Close {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};

// Which row of the image the k-th row of the file is.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> rows;
  if (!interlaced)
    for (int y = 0; y < height; ++y) rows.push_back(y);
  else
    for (auto [start, step] : {std::pair{0, 8}, {4, 8}, {2, 4}, {1, 2}})
      for (int y = start; y < height; y += step) rows.push_back(y);
  return rows;
}

class Reader {
 public:
  Reader(std::span<const std::byte> file, const std::string& name) : rest_(file), name_(name) {
    int error = 0;
    gif_.reset(DGifOpen(&rest_, &read, &error));
    if (!gif_) refuse(error);
  }

  Image first_image() {
    for (GifRecordType type = UNDEFINED_RECORD_TYPE; type != IMAGE_DESC_RECORD_TYPE;) {
      if (DGifGetRecordType(gif_.get(), &type) != GIF_OK) refuse(gif_->Error);
      if (type == TERMINATE_RECORD_TYPE) throw DataError(fmt::format("{}: a GIF without an image", name_));
      if (type == EXTENSION_RECORD_TYPE) read_extension();
    }
    if (DGifGetImageDesc(gif_.get()) != GIF_OK) refuse(gif_->Error);
    const GifImageDesc& part = gif_->Image;
    if (part.Width < 1 || part.Height < 1)
      throw DataError(fmt::format("{}: a broken GIF: an image of {} x {}", name_, part.Height, part.Width));
    Image image{std::max<std::int64_t>(gif_->SHeight, part.Top + part.Height),
                std::max<std::int64_t>(gif_->SWidth, part.Left + part.Width),
                {}};
    if (image.height * image.width > kMostPixels)
      throw DataError(
          fmt::format("{}: {} x {} pixels are more than {}", name_, image.height, image.width, kMostPixels));
    read_palette(part.ColorMap ? part.ColorMap : gif_->SColorMap);
    std::vector<GifPixelType> indices(static_cast<std::size_t>(image.height * image.width),
                                      static_cast<GifPixelType>(std::max(transparent_, 0)));
    for (int y : row_order(part.Height, part.Interlace))
      if (DGifGetLine(gif_.get(), indices.data() + (part.Top + y) * image.width + part.Left, part.Width) != GIF_OK)
        refuse(gif_->Error);
    image.rgb.reserve(3 * indices.size());
    for (GifPixelType index : indices)
      image.rgb.insert(image.rgb.end(), {palette_[index].Red, palette_[index].Green, palette_[index].Blue});
    return image;
  }

 private:
  void read_extension() {
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif_.get(), &code, &block) != GIF_OK) refuse(gif_->Error);
    while (block) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
        transparent_ = control.TransparentColor;
      if (DGifGetExtensionNext(gif_.get(), &block) != GIF_OK) refuse(gif_->Error);
    }
  }
  // Indices beyond the palette are grey levels, as in PNGs.
  void read_palette(const ColorMapObject* map) {
    for (int i = 0; i < 256; ++i)
      palette_[i] = {static_cast<GifByteType>(i), static_cast<GifByteType>(i), static_cast<GifByteType>(i)};
    for (int i = 0; map && i < map->ColorCount && i < 256; ++i) palette_[i] = map->Colors[i];
  }
  [[noreturn]] void refuse(int error) const {
    const char* reason = rest_.empty() ? "the file ends too early (truncated?)" : GifErrorString(error);
    throw DataError(fmt::format("{}: a broken GIF: {}", name_, reason ? reason : "not readable"));
  }

  std::span<const std::byte> rest_;
  const std::string& name_;
  std::unique_ptr<GifFileType, Close> gif_;
  int transparent_ = NO_TRANSPARENT_COLOR;
  GifColorType palette_[256];
};

}  // namespace

bool is_gif(std::span<const std::byte> file) {
  return file.size() >= 6 && (std::memcmp(file.data(), "GIF87a", 6) == 0 || std::memcmp(file.data(), "GIF89a", 6) == 0);
}

Image decode_gif(std::span<const std::byte> file, const std::string& name) { return Reader(file, name).first_image(); }

}  // namespace winnow::data
