#include "winnow/train/stream_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace winnow::train {
namespace {

using testing::ElementsAreArray;

const std::vector<std::int64_t> kMembers = {3, 5, 8, 13, 21, 34, 55};

TEST(StreamOrder, EveryMemberComesOnceBeforeAnyComesAgain) {
  StreamOrder order(kMembers, "labelled", 7, 2);
  std::vector<std::int64_t> seen;
  for (std::int64_t step = 0; step < 7; ++step)
    for (std::int64_t id : order.batch(step, 3)) seen.push_back(id);
  ASSERT_EQ(seen.size(), 21u);
  for (std::size_t cycle = 0; cycle < 3; ++cycle) {
    std::vector<std::int64_t> own(seen.begin() + static_cast<std::ptrdiff_t>(7 * cycle),
                                  seen.begin() + static_cast<std::ptrdiff_t>(7 * cycle + 7));
    std::sort(own.begin(), own.end());
    EXPECT_THAT(own, ElementsAreArray(kMembers)) << "cycle " << cycle;
  }
}

TEST(StreamOrder, AStepIsTheSameWhenItIsAskedForAlone) {  // as after a resume
  StreamOrder all(kMembers, "labelled", 7, 2);
  std::vector<std::vector<std::int64_t>> batches;
  for (std::int64_t step = 0; step < 6; ++step) batches.push_back(all.batch(step, 4));
  for (std::int64_t step : {5, 0, 3}) {
    StreamOrder alone(kMembers, "labelled", 7, 2);
    EXPECT_EQ(alone.batch(step, 4), batches[static_cast<std::size_t>(step)]);
  }
}

TEST(StreamOrder, ARecordedOneIsKeptInEveryCycle) {
  StreamOrder order = StreamOrder::recorded({5, 2, 9});
  EXPECT_EQ(order.batch(0, 2), (std::vector<std::int64_t>{5, 2}));
  EXPECT_EQ(order.batch(1, 2), (std::vector<std::int64_t>{9, 5}));
  EXPECT_EQ(order.batch(4, 64), (std::vector<std::int64_t>{5, 2, 9})) << "all, where there are fewer";
  EXPECT_TRUE(StreamOrder::recorded({}).batch(0, 2).empty());
}

TEST(StreamOrder, DependsOnSeedNameAndEpoch) {
  std::set<std::vector<std::int64_t>> orders;
  orders.insert(StreamOrder(kMembers, "labelled", 7, 2).batch(0, 7));
  orders.insert(StreamOrder(kMembers, "labelled", 8, 2).batch(0, 7));
  orders.insert(StreamOrder(kMembers, "unlabelled", 7, 2).batch(0, 7));
  orders.insert(StreamOrder(kMembers, "labelled", 7, 3).batch(0, 7));
  EXPECT_EQ(orders.size(), 4u);
}

TEST(StreamOrder, FewMembersAreAShortBatchAndNoneAnEmptyOne) {
  EXPECT_EQ(StreamOrder(kMembers, "s", 0, 0).batch(0, 64).size(), 7u);
  EXPECT_TRUE(StreamOrder({}, "s", 0, 0).batch(3, 64).empty());
}

}  // namespace
}  // namespace winnow::train
