#include "winnow/method/key_queue.h"

#include <gtest/gtest.h>

#include <deque>

#include "recorded.h"

namespace winnow::method {
namespace {

TEST(KeyQueue, HoldsTheNewestKeysOfBatchesOfAnySize) {
  KeyQueue queue = KeyQueue::empty(7, 2, at::TensorOptions(at::kDouble));
  std::deque<std::int64_t> want;  // images, newest last
  std::int64_t image = 0;
  for (std::int64_t batch : {3, 3, 2, 0, 7, 1, 16, 5}) {
    at::Tensor ids = at::arange(image, image + batch);
    enqueue(queue, at::stack({ids, -ids}, 1).to(at::kDouble), ids);
    for (; batch > 0; --batch) want.push_back(image++);
    while (want.size() > 7) want.pop_front();
    EXPECT_EQ(queue.filled.item<std::int64_t>(), static_cast<std::int64_t>(want.size()));
    EXPECT_EQ(queue.pointer.item<std::int64_t>(), image % 7);
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(want.size()); ++i) {
      std::int64_t slot = want[static_cast<std::size_t>(i)] % 7;  // one key after the other from slot 0 on
      EXPECT_EQ(queue.ids[slot].item<std::int64_t>(), want[static_cast<std::size_t>(i)]);
      EXPECT_EQ(queue.keys[slot][1].item<double>(), static_cast<double>(-want[static_cast<std::size_t>(i)]));
    }
    EXPECT_EQ((queue.ids < 0).sum().item<std::int64_t>(), 7 - static_cast<std::int64_t>(want.size()));
  }
}

}  // namespace
}  // namespace winnow::method
