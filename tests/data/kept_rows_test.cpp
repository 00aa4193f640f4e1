#include "winnow/data/kept_rows.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "../folder.h"
#include "winnow/core/error.h"

namespace winnow::data {
namespace {

class KeptRowsTest : public testing::Test {
 protected:
  Folder folder_;
  Path file_ = folder_ / "cache/a.rows";

  KeptRows open(const std::string& content = "features of cubes") const { return {file_, content}; }
  static Hash128 key(int i) { return hash_of(std::to_string(i)); }
  static std::vector<std::byte> rows(int level, std::size_t bytes = 40) {
    return std::vector<std::byte>(bytes, static_cast<std::byte>(level));
  }
  static bool has(KeptRows& kept, int i, int level, std::size_t bytes = 40) {
    std::vector<std::byte> found(bytes);
    return kept.read(key(i), found) && found == rows(level, bytes);
  }
  static bool has(KeptRows&& kept, int i, int level) { return has(kept, i, level); }
  void overwrite(std::int64_t at, const std::string& bytes) const {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << bytes;
  }
  static constexpr std::int64_t kFirst = 4096, kRecord = 48 + 40;
};

TEST_F(KeptRowsTest, WhatOneKeepsAnotherReads) {
  KeptRows one = open(), other = open();
  EXPECT_FALSE(has(one, 1, 0));
  one.keep(key(1), rows(0));
  one.keep(key(2), rows(2));
  EXPECT_TRUE(has(other, 1, 0));
  EXPECT_TRUE(has(other, 2, 2));
  EXPECT_TRUE(has(open(), 2, 2));
  EXPECT_FALSE(has(other, 3, 0));
  EXPECT_FALSE(has(other, 1, 0, 39)) << "another length";
}

// Each keeps what it did not find until it finds it: who finds another at work goes on without.
TEST_F(KeptRowsTest, ManyKeepAtOnce) {
  open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      KeptRows kept = open();
      for (int i = 0; i < 50; ++i)
        for (int own = i % 2 ? i : 100 * t + i; !has(kept, own, i);) kept.keep(key(own), rows(i));
    });
  for (std::thread& thread : threads) thread.join();
  KeptRows kept = open();
  for (int t = 0; t < 4; ++t)
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(has(kept, i % 2 ? i : 100 * t + i, i));
  EXPECT_EQ(kept.size(), kFirst + (25 + 4 * 25) * kRecord) << "what another had kept before is not kept again";
}

TEST_F(KeptRowsTest, NobodyWaitsForAWriterThatWasStopped) {
  KeptRows kept = open();
  kept.keep(key(0), rows(0));
  int stopped = ::open(file_.c_str(), O_RDWR);
  ASSERT_EQ(::flock(stopped, LOCK_EX), 0);
  kept.keep(key(1), rows(1));
  EXPECT_FALSE(has(kept, 1, 1));
  EXPECT_TRUE(has(open(), 0, 0)) << "reading needs no lock";
  ::close(stopped);
  kept.keep(key(1), rows(1));
  EXPECT_TRUE(has(kept, 1, 1));
}

TEST_F(KeptRowsTest, ADamagedRecordCountsAsMissingAndIsKeptAnew) {
  {
    KeptRows kept = open();
    for (int i = 0; i < 4; ++i) kept.keep(key(i), rows(i));
  }
  overwrite(kFirst + kRecord + 48 + 5, "X");  // inside the rows of record 1
  KeptRows kept = open();
  EXPECT_FALSE(has(kept, 1, 1));
  EXPECT_TRUE(has(kept, 3, 3));
  kept.keep(key(1), rows(1));
  EXPECT_TRUE(has(kept, 1, 1));
  EXPECT_TRUE(has(open(), 1, 1));
}

TEST_F(KeptRowsTest, ATornEndGoesWithTheNextRecord) {
  for (std::int64_t torn : {1, 47, 48, 87}) {
    std::filesystem::remove(file_);
    {
      KeptRows kept = open();
      for (int i = 0; i < 3; ++i) kept.keep(key(i), rows(i));
    }
    std::filesystem::resize_file(file_, static_cast<std::uintmax_t>(kFirst + 2 * kRecord + torn));
    KeptRows kept = open();
    EXPECT_FALSE(has(kept, 2, 2));
    kept.keep(key(3), rows(3));
    EXPECT_EQ(kept.size(), kFirst + 3 * kRecord);
    for (int i : {0, 1, 3}) EXPECT_TRUE(has(open(), i, i)) << torn;
  }
}

TEST_F(KeptRowsTest, BehindADamagedHeadNothingIsFound) {
  {
    KeptRows kept = open();
    for (int i = 0; i < 3; ++i) kept.keep(key(i), rows(i));
  }
  overwrite(kFirst + kRecord + 33, "\x7f\x7f\x7f");  // a length
  KeptRows kept = open();
  EXPECT_TRUE(has(kept, 0, 0));
  EXPECT_FALSE(has(kept, 2, 2));
  kept.keep(key(2), rows(2));
  EXPECT_TRUE(has(open(), 2, 2));
}

TEST_F(KeptRowsTest, AFileOfOtherRowsIsMadeAnew) {
  open().keep(key(0), rows(7));
  EXPECT_FALSE(has(open("features of spheres"), 0, 7));
  overwrite(0, "garbage");
  EXPECT_FALSE(has(open(), 0, 7));
  EXPECT_THROW(open(std::string(5000, 'x')), InternalError);
}

TEST_F(KeptRowsTest, AFileThatIsCutWhileItIsOpenIsToldOrMissing) {
  KeptRows kept = open();
  kept.keep(key(0), rows(7));
  EXPECT_TRUE(has(kept, 0, 7));
  std::filesystem::resize_file(file_, 4100);
  std::vector<std::byte> found(40);
  EXPECT_THROW(kept.read(key(0), found), DeviceError);
}

TEST_F(KeptRowsTest, NoRoomIsToldWithTheFilesNameAndLeavesWhatWasThere) {
  KeptRows kept = open();
  kept.keep(key(0), rows(0));
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit small{static_cast<rlim_t>(kFirst + kRecord + 60), old.rlim_max};
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string said;
  try {
    kept.keep(key(1), rows(1));
  } catch (const DeviceError& error) {
    said = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(said, "cannot write " + file_.string() + ": File too large");
  EXPECT_EQ(kept.size(), kFirst + kRecord);
  EXPECT_TRUE(has(kept, 0, 0));
  EXPECT_FALSE(has(kept, 1, 1));
}

}  // namespace
}  // namespace winnow::data
