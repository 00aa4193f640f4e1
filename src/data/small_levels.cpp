#include "winnow/data/small_levels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace winnow::data {

namespace {

bool keeps_its_pixels(const Split& split) {
  return !split.packed() && split.height <= kSmallSide && split.width <= kSmallSide;
}

// Output i is (weight[0] input[place] + weight[1] input[place + 1]) / 2^11.
struct Tap {
  std::int64_t place = 0, next = 0;
  int weight[2] = {};
};

std::vector<Tap> taps(std::int64_t from, std::int64_t to) {
  constexpr float kOne = 2048;
  std::vector<Tap> result(static_cast<std::size_t>(to));
  double scale = static_cast<double>(from) / static_cast<double>(to);
  for (std::int64_t i = 0; i < to; ++i) {
    auto at = static_cast<float>((static_cast<double>(i) + 0.5) * scale - 0.5);
    auto place = static_cast<std::int64_t>(std::floor(at));
    float rest = at - static_cast<float>(place);
    if (place < 0) place = 0, rest = 0;
    if (place >= from - 1) place = from - 1, rest = 0;
    // Halves go to the even neighbour, as in OpenCV's saturate_cast.
    result[static_cast<std::size_t>(i)] = {
        place,
        std::min(place + 1, from - 1),
        {static_cast<int>(std::lrint((1 - rest) * kOne)), static_cast<int>(std::lrint(rest * kOne))}};
  }
  return result;
}

void halve(const Image& image, std::int64_t width, std::span<std::uint8_t> target) {
  auto row = static_cast<std::size_t>(image.width) * 3;
  for (std::size_t i = 0; i < target.size(); ++i) {
    std::size_t y = i / 3 / static_cast<std::size_t>(width), x = i / 3 % static_cast<std::size_t>(width);
    const std::uint8_t* corner = image.rgb.data() + 2 * y * row + 6 * x + i % 3;
    target[i] = static_cast<std::uint8_t>((corner[0] + corner[3] + corner[row] + corner[row + 3] + 2) >> 2);
  }
}

}  // namespace

void resize_as_opencv(const Image& image, std::int64_t height, std::int64_t width, std::span<std::uint8_t> target) {
  if (image.height == height && image.width == width) {
    std::copy(image.rgb.begin(), image.rgb.end(), target.begin());
    return;
  }
  if (image.height == 2 * height && image.width == 2 * width) return halve(image, width, target);
  std::vector<Tap> down = taps(image.height, height), across = taps(image.width, width);
  auto row = [&](std::int64_t y) { return image.rgb.data() + y * image.width * 3; };
  std::uint8_t* out = target.data();
  for (const Tap& y : down)
    for (const Tap& x : across)
      for (std::int64_t c = 0; c < 3; ++c) {
        auto horizontal = [&](const std::uint8_t* from) {
          return from[3 * x.place + c] * x.weight[0] + from[3 * x.next + c] * x.weight[1];
        };
        int above = horizontal(row(y.place)), below = horizontal(row(y.next));
        *out++ = static_cast<std::uint8_t>(
            (((y.weight[0] * (above >> 4)) >> 16) + ((y.weight[1] * (below >> 4)) >> 16) + 2) >> 2);
      }
}

std::int64_t small_levels_count(const Split& split) {
  return keeps_its_pixels(split) ? split.height * split.width * split.channels : kSmallSide * kSmallSide * 3;
}

void small_levels(const Split& split, std::int64_t sample, std::span<std::uint8_t> levels) {
  if (split.packed())
    return resize_as_opencv(decode(split.file(sample), fmt::format("training image {}", sample)), kSmallSide,
                            kSmallSide, levels);
  auto pixels = static_cast<std::size_t>(split.height * split.width),
       channels = static_cast<std::size_t>(split.channels);
  std::span<const std::uint8_t> own =
      split.images.subspan(static_cast<std::size_t>(sample) * pixels * channels, pixels * channels);
  if (keeps_its_pixels(split)) {
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < channels; ++c) levels[c * pixels + p] = own[p * channels + c];
    return;
  }
  Image image{split.height, split.width, std::vector<std::uint8_t>(pixels * 3)};
  for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = own[i / 3 * channels + (channels == 3 ? i % 3 : 0)];
  resize_as_opencv(image, kSmallSide, kSmallSide, levels);
}

}  // namespace winnow::data
