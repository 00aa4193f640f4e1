#include "winnow/data/resample.h"

#include <gtest/gtest.h>

#include <numeric>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"

namespace winnow::data {
namespace {

Image noise(std::int64_t height, std::int64_t width) {
  Image image{height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * height * width))};
  Stream random = Streams(0, "noise").at(static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width));
  for (auto& level : image.rgb) level = static_cast<std::uint8_t>(random());
  return image;
}

const Filter kAll[] = {Filter::box, Filter::bilinear, Filter::hamming, Filter::bicubic, Filter::lanczos};

TEST(Filter, NamesThereAndBack) {
  for (Filter filter : kAll) EXPECT_EQ(parse_filter(to_string(filter)), filter);
  EXPECT_THROW(parse_filter("nearest"), UsageError);
}

TEST(Weights, SumToOneAndStayInside) {
  for (Filter filter : kAll)
    for (auto [from, to] : {std::pair{7, 3}, {3, 7}, {100, 1}, {1, 5}, {224, 224}, {53, 52}}) {
      Weights w = weights(from, to, filter);
      ASSERT_EQ(w.first.size(), static_cast<std::size_t>(to));
      for (std::int64_t i = 0; i < to; ++i) {
        auto row = w.values.begin() + i * w.taps;
        EXPECT_NEAR(std::accumulate(row, row + w.taps, 0.0) / (1 << kWeightBits), 1, 1e-4)
            << to_string(filter) << from << to;
        EXPECT_GE(w.first[static_cast<std::size_t>(i)], 0);
        EXPECT_LE(w.first[static_cast<std::size_t>(i)] + w.taps, from);
      }
    }
}

// Two pixels to four, by hand: weights 1; 3/4, 1/4; 1/4, 3/4; 1.
TEST(Resize, ByHand) {
  Image two{1, 2, {0, 100, 200, 100, 200, 0}};
  Image four = resize(two, whole(1, 2, 1, 4, Filter::bilinear));
  EXPECT_EQ(four.rgb, (std::vector<std::uint8_t>{0, 100, 200, 25, 125, 150, 75, 175, 50, 100, 200, 0}));
}

TEST(Resize, TheSameSizeIsTheSameImage) {
  Image image = noise(13, 17);
  EXPECT_EQ(resize(image, whole(13, 17, 13, 17, Filter::bicubic)).rgb, image.rgb);
}

TEST(Resize, AWindowIsAPartOfTheWhole) {
  Image image = noise(41, 29);
  for (Filter filter : kAll) {
    Resizing all = whole(41, 29, 20, 33, filter), part = all;
    part.window = {3, 5, 11, 7};
    Image big = resize(image, all), small = resize(image, part);
    for (std::int64_t y = 0; y < 11; ++y)
      for (std::int64_t x = 0; x < 3 * 7; ++x)
        ASSERT_EQ(small.rgb[static_cast<std::size_t>(y * 21 + x)],
                  big.rgb[static_cast<std::size_t>((y + 3) * 99 + 15 + x)])
            << to_string(filter);
  }
}

TEST(Resize, ABoxIsAnImage) {
  Image image = noise(20, 30), cut{8, 9, {}};
  for (std::int64_t y = 0; y < 8; ++y)
    for (std::int64_t x = 0; x < 27; ++x) cut.rgb.push_back(image.rgb[static_cast<std::size_t>((y + 5) * 90 + 12 + x)]);
  Resizing inside{{5, 4, 8, 9}, 6, 12, Filter::bicubic, {0, 0, 6, 12}};
  EXPECT_EQ(resize(image, inside).rgb, resize(cut, whole(8, 9, 6, 12, Filter::bicubic)).rgb)
      << "pixels outside the box count for nothing";
}

TEST(ShortSide, CutsTheLongSideToAnInteger) {
  EXPECT_EQ(short_side({37, 53}, 24), (Size{24, 34}));
  EXPECT_EQ(short_side({53, 37}, 24), (Size{34, 24}));
  EXPECT_EQ(short_side({375, 500}, 256), (Size{256, 341}));
}

}  // namespace
}  // namespace winnow::data
