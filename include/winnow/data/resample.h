// Resizing as Pillow does it (libImaging/Resample.c): a separable antialiased filter, horizontal pass first, 8 bits
// after each pass, weights as multiples of 2^-22. The weights of one axis are exposed, so that the device's version
// uses the same ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/data/image.h"

namespace winnow::data {

enum class Filter { box, bilinear, hamming, bicubic, lanczos };  // bicubic: a = -0.5
Filter parse_filter(std::string_view);                           // UsageError listing the known ones
std::string_view to_string(Filter);

inline constexpr int kWeightBits = 22;

// Output i is (2^21 + sum over k < taps of values[i * taps + k] * input[first[i] + k]) >> 22, clipped to 0..255. Rows
// with fewer taps are filled up with zero weights; `first` leaves room for all taps where the input is long enough.
struct Weights {
  std::int64_t taps = 0;
  std::vector<std::int64_t> first;
  std::vector<std::int32_t> values;
};
Weights weights(std::int64_t from, std::int64_t to, Filter);

struct Box {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

// Resizes the part `box` of an image (it must lie inside; pixels outside it are ignored) to height x width and gives
// the part `window` of the result, of which alone it computes.
struct Resizing {
  Box box;
  std::int64_t height = 0, width = 0;
  Filter filter = Filter::bilinear;
  Box window;
};
Resizing whole(std::int64_t from_height, std::int64_t from_width, std::int64_t height, std::int64_t width, Filter);
// UsageError for a box that is empty or not inside `row_pixels` columns, and for an empty size or window. The caller
// vouches for the number of rows. `pixels`: rows of `row_pixels` x 3 bytes. `target`: window.height x window.width x 3.
void resize(const std::uint8_t* pixels, std::int64_t row_pixels, const Resizing&, std::uint8_t* target);
Image resize(const Image&, const Resizing&);

// The size that an image gets when its short side becomes `side`: the long side is int(side * long / short).
struct Size {
  std::int64_t height = 0, width = 0;
  bool operator==(const Size&) const = default;
};
Size short_side(Size from, std::int64_t side);

}  // namespace winnow::data
