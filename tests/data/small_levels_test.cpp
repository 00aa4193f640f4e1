#include "winnow/data/small_levels.h"

#include <gmock/gmock.h>

#include <numeric>

namespace winnow::data {
namespace {

using testing::ElementsAre;

Image grey(std::int64_t height, std::int64_t width, const std::vector<std::uint8_t>& levels) {
  Image image{height, width, {}};
  for (std::uint8_t level : levels) image.rgb.insert(image.rgb.end(), 3, level);
  return image;
}

std::vector<std::uint8_t> resized(const Image& image, std::int64_t height, std::int64_t width) {
  std::vector<std::uint8_t> all(static_cast<std::size_t>(height * width * 3)), red;
  resize_as_opencv(image, height, width, all);
  for (std::size_t i = 0; i < all.size(); i += 3) {
    EXPECT_EQ(all[i], all[i + 1]);
    red.push_back(all[i]);
  }
  return red;
}

// By hand from OpenCV's rule: centres of pixels meet, weights are multiples of 2^-11, nothing is antialiased.
TEST(ResizeAsOpenCV, ByHand) {
  EXPECT_THAT(resized(grey(1, 2, {0, 255}), 1, 4), ElementsAre(0, 64, 191, 255));
  EXPECT_THAT(resized(grey(2, 1, {0, 255}), 4, 1), ElementsAre(0, 64, 191, 255));
  EXPECT_THAT(resized(grey(1, 6, {0, 30, 60, 90, 120, 150}), 1, 2), ElementsAre(30, 120))
      << "2 of every 3 are not seen";
  EXPECT_THAT(resized(grey(1, 5, {10, 20, 30, 40, 50}), 1, 2), ElementsAre(18, 43)) << "17.5 and 42.5";
  EXPECT_THAT(resized(grey(2, 2, {0, 100, 50, 201}), 1, 1), ElementsAre(88)) << "halved: (351 + 2) / 4";
  EXPECT_THAT(resized(grey(2, 2, {1, 2, 3, 4}), 2, 2), ElementsAre(1, 2, 3, 4));
}

TEST(SmallLevels, SmallImagesKeepTheirPixelsByPlane) {
  std::vector<std::uint8_t> images(2 * 2 * 3 * 3);
  std::iota(images.begin(), images.end(), 0);
  Split split;
  split.samples = 2, split.height = 2, split.width = 3, split.channels = 3;
  split.images = images;
  ASSERT_EQ(small_levels_count(split), 18);
  std::vector<std::uint8_t> levels(18);
  small_levels(split, 1, levels);
  EXPECT_THAT(levels, ElementsAre(18, 21, 24, 27, 30, 33, 19, 22, 25, 28, 31, 34, 20, 23, 26, 29, 32, 35));
}

TEST(SmallLevels, OthersAreResized) {
  std::vector<std::uint8_t> images(70 * 80, 9);
  Split split;
  split.samples = 1, split.height = 70, split.width = 80, split.channels = 1;
  split.images = images;
  ASSERT_EQ(small_levels_count(split), 64 * 64 * 3);
  std::vector<std::uint8_t> levels(64 * 64 * 3);
  small_levels(split, 0, levels);
  EXPECT_THAT(levels, testing::Each(9)) << "grey becomes three equal colours";
  std::string file = read_file(Path(WINNOW_SOURCE_DIR) / "tests/data/images" / "from-top.bmp");
  std::vector<std::int64_t> ends = {static_cast<std::int64_t>(file.size())};
  Split packed;
  packed.samples = 1, packed.channels = 3;
  packed.files = std::as_bytes(std::span(file));
  packed.ends = ends;
  ASSERT_EQ(small_levels_count(packed), 64 * 64 * 3);
  std::vector<std::uint8_t> own(64 * 64 * 3);
  small_levels(packed, 0, levels);
  resize_as_opencv(decode(std::as_bytes(std::span(file)), "image"), 64, 64, own);
  EXPECT_EQ(levels, own);
}

}  // namespace
}  // namespace winnow::data
