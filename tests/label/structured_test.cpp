#include "winnow/label/structured.h"

#include <gtest/gtest.h>

#include <set>

#include "labelled.h"

namespace winnow::label {
namespace {

TEST(Structured, HalfOfTheClassesAreNoisy) {
  Labels truth = balanced_truth(11000, 11);
  for (Target target : {Target::uniform, Target::next}) {
    Spec spec{.kind = Kind::structured, .rate = 0.6, .seed = 9, .target = target};
    StructuredDraws draws = draw_structured(11000, 11, spec);
    std::set<std::int64_t> noisy(draws.noisy_classes.begin(), draws.noisy_classes.end());
    EXPECT_EQ(noisy.size(), 5u);
    Marks marked;
    Labels given = structured(truth, 11, spec, draws, &marked);
    EXPECT_EQ(sum_of(marked), 6600);
    std::size_t candidates = 0, wrong = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      if (!marked[i] || !noisy.count(truth[i])) {
        ASSERT_EQ(given[i], truth[i]);
        continue;
      }
      ++candidates;
      wrong += given[i] != truth[i];
      if (target == Target::next) {
        ASSERT_EQ(given[i], (truth[i] + 1) % 11);
      }
    }
    EXPECT_NEAR(static_cast<double>(candidates) / 11000, 0.6 * 5 / 11, three_errors(0.6 * 5 / 11, 11000));
    double share = target == Target::next ? 1 : 10.0 / 11;
    EXPECT_NEAR(static_cast<double>(wrong) / static_cast<double>(candidates), share, three_errors(share, candidates));
  }
}

}  // namespace
}  // namespace winnow::label
