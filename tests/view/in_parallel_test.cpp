#include "winnow/view/in_parallel.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace winnow::view {
namespace {

class InParallel : public testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(4); }
  void TearDown() override { at::set_num_threads(before_); }

  // How often each place was worked on, and by how many threads.
  std::vector<int> visits(std::int64_t count, std::int64_t grain) {
    std::vector<int> seen(static_cast<std::size_t>(count), 0);
    threads_.clear();
    in_parallel(count, grain, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) ++seen[static_cast<std::size_t>(i)];
      std::lock_guard lock(mutex_);
      threads_.insert(std::this_thread::get_id());
    });
    return seen;
  }

  int before_ = at::get_num_threads();
  std::mutex mutex_;
  std::set<std::thread::id> threads_;
};

TEST_F(InParallel, EachPlaceIsWorkedOnOnce) {
  for (std::int64_t count : {1, 3, 4, 5, 1000}) {
    EXPECT_EQ(visits(count, 1), std::vector<int>(static_cast<std::size_t>(count), 1)) << count;
    EXPECT_LE(threads_.size(), 4u);
  }
  EXPECT_TRUE(visits(0, 1).empty());
  EXPECT_TRUE(threads_.empty()) << "nothing is called for nothing";
}

TEST_F(InParallel, TakesSeveralThreadsButForLittleWork) {
  // Each part waits until another one has begun, so one thread alone would never end.
  std::atomic<int> begun = 0;
  in_parallel(2, 1, [&](std::int64_t, std::int64_t) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
  });
  visits(100, 60);
  EXPECT_EQ(threads_.size(), 1u);
}

TEST_F(InParallel, WithinItAndWhereSerialLivesTheCallingThreadDoesIt) {
  {
    Serial here;
    visits(1000, 1);
    EXPECT_EQ(threads_, std::set{std::this_thread::get_id()});
  }
  in_parallel(2, 1, [&](std::int64_t, std::int64_t) {
    std::thread::id own = std::this_thread::get_id();
    in_parallel(50, 1, [&](std::int64_t, std::int64_t) { EXPECT_EQ(std::this_thread::get_id(), own); });
  });
}

TEST_F(InParallel, ThrowsWhatTheFirstOfItsPartsThrew) {
  auto fail = [](std::int64_t first, std::int64_t) {
    throw std::runtime_error("part that begins at " + std::to_string(first));
  };
  for (int again = 0; again < 20; ++again) try {
      in_parallel(40, 1, fail);
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "part that begins at 0");
    }
  EXPECT_EQ(visits(40, 1), std::vector<int>(40, 1)) << "it goes on working";
}

}  // namespace
}  // namespace winnow::view
