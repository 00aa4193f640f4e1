// The levels (0 to 255) of an image as a short row of features: docs/methods/noisy-labels.md#1.2.
#pragma once

#include <cstdint>
#include <span>

#include "winnow/data/image.h"
#include "winnow/data/pixels.h"

namespace winnow::data {

// Images of one size that have at most 64 x 64 pixels keep them, one colour plane behind the other, as CIFAR's records
// do. All others are resized to 64 x 64 as OpenCV does it by default, and lie pixel by pixel, red, green, blue.
inline constexpr std::int64_t kSmallSide = 64;

std::int64_t small_levels_count(const Split&);  // features of an image
// Those of one sample. DataError for a file that does not decode.
void small_levels(const Split&, std::int64_t sample, std::span<std::uint8_t> levels);

// OpenCV's bilinear resize of 8-bit colours (INTER_LINEAR of cv::resize): no antialiasing, weights of 11 bits, and the
// mean of four pixels where both sides are halved exactly. `target`: height x width x 3.
void resize_as_opencv(const Image&, std::int64_t height, std::int64_t width, std::span<std::uint8_t> target);

}  // namespace winnow::data
