#include "winnow/data/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"

namespace winnow::data {
namespace {

using testing::HasSubstr;

const Path kFiles = Path(WINNOW_SOURCE_DIR) / "tests/golden/model/files";
const Path kGifsAndBitmaps = Path(WINNOW_SOURCE_DIR) / "tests/data/images";

std::string refusal(const std::string& content) {
  try {
    decode(std::as_bytes(std::span(content)), "a/image.jpg");
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

// What the images look like is compared by the golden cases; here: what is said of those that are none.
TEST(Image, RefusalsNameTheFileAndTheReason) {
  EXPECT_EQ(refusal(""), "a/image.jpg: the file is empty");
  EXPECT_EQ(refusal("RIFF"),
            "a/image.jpg: neither JPEG (ff d8 ff) nor PNG (89 50 4e 47), GIF (47 49 46 38) or BMP (42 4d): it starts "
            "with 52 49 46 46");
  EXPECT_THAT(refusal(read_file(kFiles / "truncated-half.jpg")),
              HasSubstr("a/image.jpg: a broken JPEG: the file ends too early"));
  EXPECT_THAT(refusal(read_file(kFiles / "truncated.png")),
              HasSubstr("a/image.jpg: a broken PNG: the file ends too early"));
  EXPECT_THAT(refusal(read_file(kFiles / "corrupt-header.png")), HasSubstr("a broken PNG: IHDR: CRC error"));
  EXPECT_THROW(read_image(kFiles / "nothing.jpg"), DataError);
}

// Some images of published data sets are called .jpg and are none.
TEST(Image, GifsAndBitmapsLookAsInPillow) {
  int images = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGifsAndBitmaps)) {
    if (entry.path().extension() != ".gif" && entry.path().extension() != ".bmp") continue;
    std::string expected = read_file(Path(entry.path()).concat(".rgb"));
    Image image = read_image(entry.path());
    EXPECT_EQ(std::string(image.rgb.begin(), image.rgb.end()), expected) << entry.path();
    ++images;
  }
  EXPECT_EQ(images, 13);
}

TEST(Image, BrokenGifsAndBitmapsAreRefused) {
  for (const char* name : {"interlaced.gif", "part.gif", "rgb.bmp", "palette-4bit.bmp", "rgb-565.bmp"}) {
    std::string whole = read_file(kGifsAndBitmaps / name);
    // A GIF's end mark (a zero and a semicolon) is not looked at.
    std::size_t needed = whole.size() - (whole[0] == 'G' ? 2 : 0);
    for (std::size_t keep = 0; keep < needed; keep += 3)
      EXPECT_NE(refusal(whole.substr(0, keep)), "accepted") << name << " cut at " << keep;
  }
  std::string bitmap = read_file(kGifsAndBitmaps / "rgb.bmp");
  bitmap[30] = 1;
  EXPECT_THAT(refusal(bitmap), HasSubstr("a BMP with compression 1, which is not read"));
  bitmap[30] = 0;
  bitmap[21] = bitmap[25] = '\x7f';
  EXPECT_THAT(refusal(bitmap), HasSubstr("pixels are more than"));
}

TEST(Image, AHeaderThatLiesAboutItsSizeAllocatesNothing) {
  std::string jpeg = read_file(kFiles / "rgb-444.jpg");
  auto frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (std::size_t i = 5; i < 9; ++i) jpeg[frame + i] = '\x7f';
  EXPECT_THAT(refusal(jpeg), HasSubstr("32639 x 32639 pixels are more than"));
}

TEST(Image, EveryTruncationIsRefused) {
  for (const char* name : {"rgb-420.jpg", "progressive.jpg", "gray.jpg", "palette.png", "interlaced.png"}) {
    std::string whole = read_file(kFiles / name);
    EXPECT_NE(decode(std::as_bytes(std::span(whole)), name).width, 0) << name;
    // A PNG's end chunk (12 bytes) is not looked at.
    std::size_t needed = whole.size() - (whole[0] == '\x89' ? 12 : 0);
    for (std::size_t keep = 0; keep < needed; keep += 7)
      EXPECT_NE(refusal(whole.substr(0, keep)), "accepted") << name << " cut at " << keep;
  }
}

// Any byte may be anything: a DataError or an image, nothing else; repeated often enough to show leaks to a sanitizer.
TEST(Image, SurvivesRandomDamage) {
  Stream random = Streams(0, "damage").at(0, 0);
  for (const char* name : {"rgb-420.jpg", "progressive.jpg", "cmyk.jpg", "restart.jpg", "palette-4bit.png",
                           "interlaced.png", "gray-16bit.png"}) {
    std::string whole = read_file(kFiles / name);
    for (int i = 0; i < 200; ++i) {
      std::string damaged = whole;
      for (std::uint64_t n = 1 + random.below(4); n > 0; --n)
        damaged[random.below(damaged.size())] = static_cast<char>(random());
      refusal(damaged);
    }
  }
}

}  // namespace
}  // namespace winnow::data
