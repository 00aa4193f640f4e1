#include "../../src/train/image_queue.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "miniature.h"
#include "winnow/core/error.h"

namespace winnow::train {
namespace {

WantedImages wanted(std::int64_t first, std::int64_t epoch = 0) {
  return {"train", "weak", at::arange(first, first + 3, at::kLong), epoch};
}

class ImageQueueTest : public testing::Test {
 protected:
  std::atomic<int> made_ = 0;
  std::atomic<bool> held_ = false;  // what is made now waits
  ImageQueue::Make make_ = [this](const WantedImages& images) {
    while (held_) std::this_thread::yield();
    ++made_;
    if (images.epoch == 9) throw DataError("sample 4 of the cache does not decode");
    return images.samples + 100 * images.epoch;
  };
};

TEST_F(ImageQueueTest, GivesWhatIsWantedWhoeverMakesIt) {
  for (int threads : {0, 1, 3}) {
    made_ = 0;
    ImageQueue queue(threads, make_);
    for (std::int64_t step = 0; step < 20; ++step) {
      queue.ahead(wanted(step + 1));
      queue.ahead(wanted(step + 1));  // said already
      queue.ahead(wanted(step + 2));
      EXPECT_TRUE(at::equal(queue.get(wanted(step)), at::arange(step, step + 3))) << threads;
    }
    EXPECT_TRUE(at::equal(queue.get(wanted(5, 2)), at::arange(205, 208))) << "another epoch's are others";
    EXPECT_LE(made_, 23) << "nothing is made twice";
  }
}

TEST_F(ImageQueueTest, WhatNoThreadHasBegunIsMadeAtOnce) {
  ImageQueue queue(1, make_);
  held_ = true;
  queue.ahead(wanted(0));
  queue.ahead(wanted(10));
  std::thread release([&] { held_ = false; });
  EXPECT_TRUE(at::equal(queue.get(wanted(10)), at::arange(10, 13)));
  release.join();
  EXPECT_TRUE(at::equal(queue.get(wanted(0)), at::arange(0, 3)));
}

TEST_F(ImageQueueTest, AFailureReachesWhoAsks) {
  for (int threads : {0, 2}) {
    ImageQueue queue(threads, make_);
    queue.ahead(wanted(0, 9));
    queue.ahead(wanted(1));
    EXPECT_THROW(queue.get(wanted(0, 9)), DataError);
    EXPECT_TRUE(at::equal(queue.get(wanted(1)), at::arange(1, 4))) << "the queue goes on";
  }
}

// A step may ask for other views than the one before it announced: what is never asked for does not pile up, and ends
// with the queue.
TEST_F(ImageQueueTest, ForgetsWhatIsNeverAskedFor) {
  ImageQueue queue(1, make_);
  for (std::int64_t step = 0; step < 3000; ++step) queue.ahead(wanted(step));
  EXPECT_TRUE(at::equal(queue.get(wanted(2)), at::arange(2, 5)));
}

class LoadersTest : public Miniature {};

// With any number of loaders a stage is the same bit for bit: mixtures, selections of a batch, passes, evaluations.
TEST_F(LoadersTest, ChangeNoResult) {
  store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  for (const char* method : {"crdpll", "records", "solar", "pico"}) {
    Stage stage = train(method);
    for (auto [key, value] : std::map<std::string, Value>{{"views.weak", "rrc-flip"}, {"views.strong", "strong-id"}})
      stage.settings.set(key, value);
    std::set<std::string> digests;
    for (int loaders : {0, 1, 3})
      for (std::int64_t chunk : {0, 5}) {
        if (chunk && loaders == 1) continue;
        Context own = context();
        own.loaders = loaders;
        own.chunk = chunk;
        std::string digest = execute(stage, own, *alone_, quiet_).content.result_digest().hex();
        if (chunk == 0) digests.insert(digest);
      }
    EXPECT_EQ(digests.size(), 1u) << method;
  }
}

}  // namespace
}  // namespace winnow::train
