#include "winnow/label/symmetric.h"

#include <gmock/gmock.h>

#include "../refusal.h"
#include "labelled.h"

namespace winnow::label {
namespace {

TEST(Symmetric, MarksExactlyTheirShare) {
  Labels truth = balanced_truth(1000, 10);
  Spec spec{.kind = Kind::symmetric, .rate = 0.4, .seed = 5};
  Marks marked;
  Labels given = symmetric(truth, 10, spec, draw_symmetric(1000, 10, spec), &marked);
  EXPECT_EQ(sum_of(marked), 400);
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_TRUE(marked[i] || given[i] == truth[i]) << i;
  EXPECT_NEAR(share_wrong(truth, given), 0.36, three_errors(0.9, 400) * 0.4) << "one in ten is redrawn to itself";
  spec.include_true = false;
  given = symmetric(truth, 10, spec, draw_symmetric(1000, 10, spec), &marked);
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_EQ(given[i] != truth[i], marked[i] != 0);
}

TEST(Symmetric, BalancedMarksTheSameNumberOfEveryClass) {
  Labels truth = balanced_truth(1000, 10);
  Spec spec{.kind = Kind::symmetric, .rate = 0.33, .seed = 5, .include_true = false, .balanced = true};
  Marks marked;
  symmetric(truth, 10, spec, draw_symmetric(1000, 10, spec), &marked);
  EXPECT_THAT(counts_of(truth, marked, 10), testing::Each(33));
}

TEST(Symmetric, AWrongClassIsAsLikelyAsAnother) {
  Labels truth(20000, 3);
  Spec spec{.kind = Kind::symmetric, .rate = 1, .seed = 2, .include_true = false};
  Labels given = symmetric(truth, 5, spec, draw_symmetric(20000, 5, spec));
  for (std::int64_t c : {0, 1, 2, 4})
    EXPECT_NEAR(static_cast<double>(std::count(given.begin(), given.end(), c)) / 20000, 0.25,
                three_errors(0.25, 20000));
}

// RoLT's `imb`.
TEST(Symmetric, ByClassSizeFollowsTheSizesOfTheOthers) {
  Labels truth(40000, 0);
  for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = i % 8 < 4 ? 0 : i % 8 < 7 ? 1 : 2;  // 4 : 3 : 1
  Spec spec{.kind = Kind::symmetric, .rate = 0.5, .seed = 4, .include_true = false, .target = Target::class_size};
  Marks marked;
  Labels given = symmetric(truth, 3, spec, draw_symmetric(40000, 3, spec), &marked);
  EXPECT_EQ(sum_of(marked), 20000);
  std::size_t of_zero = 0, to_one = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    EXPECT_EQ(given[i] != truth[i], marked[i] != 0);
    if (truth[i] == 0 && marked[i]) ++of_zero, to_one += given[i] == 1;
  }
  EXPECT_NEAR(static_cast<double>(to_one) / static_cast<double>(of_zero), 0.75, three_errors(0.75, of_zero));
  EXPECT_THAT(refusal([&] { symmetric(Labels(4, 1), 3, spec, draw_symmetric(4, 3, spec)); }),
              testing::HasSubstr("all 4 training samples are of class 1"));
  spec.include_true = true;
  std::vector<double> law = class_size_transition(truth, 3, true);
  EXPECT_THAT(law, testing::ElementsAre(0.5, 0.375, 0.125, 0.5, 0.375, 0.125, 0.5, 0.375, 0.125));
}

}  // namespace
}  // namespace winnow::label
