#include "winnow/data/kept_images.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "../folder.h"
#include "winnow/core/error.h"

namespace winnow::data {
namespace {

class KeptImagesTest : public testing::Test {
 protected:
  Folder folder_;
  Path file_ = folder_ / "cache/a.kept";

  KeptImages open(const std::string& content = "cubes train: resize 2 x 2") const {
    return KeptImages(file_, content, /*samples=*/4, /*bytes=*/12);
  }
  static std::vector<std::uint8_t> image(std::uint8_t level) { return std::vector<std::uint8_t>(12, level); }
  static bool has(const KeptImages& kept, std::int64_t sample, std::uint8_t level) {
    std::vector<std::uint8_t> found(12);
    return kept.read(sample, found) && found == image(level);
  }
  void overwrite(std::int64_t at, const std::string& bytes) const {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << bytes;
  }
};

TEST_F(KeptImagesTest, WhatOneKeepsAnotherReads) {
  KeptImages one = open(), other = open();
  std::vector<std::uint8_t> found(12);
  EXPECT_FALSE(one.read(2, found));
  one.keep(2, image(0));  // a black image is not a missing one
  EXPECT_TRUE(has(other, 2, 0));
  EXPECT_TRUE(has(open(), 2, 0));
  EXPECT_FALSE(other.read(1, found));
  EXPECT_FALSE(other.read(3, found));
}

TEST_F(KeptImagesTest, ThreadsMayKeepTheSame) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      KeptImages kept = open();
      for (int round = 0; round < 50; ++round)
        for (std::uint8_t i = 0; i < 4; ++i) kept.keep(i, image(i));
    });
  for (std::thread& thread : threads) thread.join();
  for (std::uint8_t i = 0; i < 4; ++i) EXPECT_TRUE(has(open(), i, i));
}

TEST_F(KeptImagesTest, ADamagedImageCountsAsMissingAndIsKeptAnew) {
  {
    KeptImages kept = open();
    for (std::uint8_t i = 0; i < 4; ++i) kept.keep(i, image(i));
  }
  overwrite(4096 + 4 * 16 + 1 * 12 + 5, "X");  // inside image 1
  KeptImages kept = open();
  std::vector<std::uint8_t> found(12);
  EXPECT_FALSE(kept.read(1, found));
  EXPECT_TRUE(has(kept, 0, 0));
  EXPECT_TRUE(has(kept, 2, 2));
  kept.keep(1, image(1));
  EXPECT_TRUE(has(open(), 1, 1));
}

TEST_F(KeptImagesTest, AFileOfOtherImagesOrCutShortIsMadeAnew) {
  open().keep(0, image(7));
  std::vector<std::uint8_t> found(12);
  EXPECT_FALSE(open("cubes train: resize 2 x 2 bicubic").read(0, found));
  KeptImages before = open();
  before.keep(0, image(7));
  std::filesystem::resize_file(file_, 4100);
  EXPECT_FALSE(open().read(0, found));
  EXPECT_THROW(before.read(0, found), DeviceError) << "the file that was cut while it was open";
  overwrite(0, "garbage");
  EXPECT_FALSE(open().read(0, found));
}

TEST_F(KeptImagesTest, TakesOnlyTheRoomOfWhatIsInIt) {
  KeptImages big(file_, "big", 1'000'000, 150'000);
  struct stat info {};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_GT(info.st_size, 150'000'000'000);
  EXPECT_LT(info.st_blocks * 512, 1'000'000);
}

TEST_F(KeptImagesTest, NoRoomIsToldWithTheFilesName) {
  KeptImages kept = open();
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit small{4096 + 64 + 12, old.rlim_max};
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string said;
  try {
    kept.keep(3, image(3));
  } catch (const DeviceError& error) {
    said = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(said, "cannot write " + file_.string() + ": File too large");
  EXPECT_FALSE(has(kept, 3, 3));
}

}  // namespace
}  // namespace winnow::data
