#include "winnow/method/prototype_distance.h"

#include <gtest/gtest.h>

#include "recorded.h"
#include "winnow/core/error.h"

namespace winnow::method {
namespace {

// Near means above the middle, from where a mixture starts.
at::Tensor halves(std::int64_t, std::int64_t, const at::Tensor&, const at::Tensor& values) {
  return (values > 0.5).to(at::kLong);
}

// Three directions with a little noise; every fifth sample has another's label. Class 3 of 5 has no sample, class 4
// one.
struct Clusters {
  at::Tensor features = 0.1 * random_tensor({61, 6}, 1), given = at::zeros({61}, at::TensorOptions(at::kLong)),
             clean = at::ones({61}, at::TensorOptions(at::kBool));
  Clusters() {
    for (std::int64_t i = 0; i < 60; ++i) {
      features[i][i % 3].add_(1);
      given[i].fill_(i % 5 == 0 ? (i + 1) % 3 : i % 3);
      clean[i].fill_(i % 5 != 0);
    }
    features[60][5].add_(1);
    given[60].fill_(4);
  }
};

TEST(PrototypeDistance, KeepsSamplesNearTheirClass) {
  Clusters clusters;
  PrototypeSelection selected = select_near_prototypes(clusters.features, clusters.given, 5, halves, {});
  EXPECT_TRUE(at::equal(selected.mask, clusters.clean));
  EXPECT_TRUE(at::equal(selected.posterior.narrow(0, 0, 60) > 0.5, clusters.clean.narrow(0, 0, 60)));
  EXPECT_LE(selected.score.max().item<double>(), 0);
}

// For those who ask which class a sample looks like, whatever its label.
TEST(PrototypeDistance, IsKnownOfEverySampleAndClass) {
  Clusters clusters;
  PrototypeSelection selected = select_near_prototypes(clusters.features, clusters.given, 5, halves, {});
  at::Tensor own = selected.nearness.gather(1, clusters.given.unsqueeze(1)).squeeze(1);
  EXPECT_TRUE(at::allclose(own, selected.score));
  at::Tensor nearest = selected.nearness.argmax(1).narrow(0, 0, 60);
  EXPECT_TRUE(at::equal(nearest, at::arange(60).remainder(3))) << "wrong labels do not hide it";
  EXPECT_TRUE((selected.nearness.select(1, 3) == -4).all().item<bool>()) << "a class without samples is far";
}

TEST(PrototypeDistance, TakesPrototypesOfTheKeptInTheSecondRound) {
  Clusters clusters;
  std::vector<at::Tensor> first, second;
  select_near_prototypes(
      clusters.features, clusters.given, 5,
      [&](std::int64_t round, std::int64_t label, const at::Tensor& samples, const at::Tensor& values) {
        EXPECT_TRUE((clusters.given.index_select(0, samples) == label).all().item<bool>());
        if (samples.numel() > 1) {
          EXPECT_EQ(values.max().item<double>() - values.min().item<double>(), 1);
        }
        (round ? second : first).push_back(values);
        return (values > 0.5).to(at::kLong);
      },
      {});
  ASSERT_EQ(first.size(), 4u) << "a class without samples is skipped";
  ASSERT_EQ(second.size(), 4u);
  EXPECT_FALSE(at::allclose(first[0], second[0]));
}

TEST(PrototypeDistance, KeepsAllOfAClassThatCannotBeDivided) {
  at::Tensor same = at::ones({4, 3}, at::TensorOptions(at::kDouble)), given = at::zeros({4}, at::kLong);
  EXPECT_TRUE(select_near_prototypes(same, given, 1, halves, {}).mask.all().item<bool>());
  EXPECT_THROW(select_near_prototypes(same, given + 1, 1, halves, {}), DataError);
  EXPECT_EQ(select_near_prototypes(same.narrow(0, 0, 0), given.narrow(0, 0, 0), 1, halves, {}).mask.numel(), 0);
}

TEST(PrototypeDistance, DoesNotDependOnTheOrderOfTheSamples) {
  Clusters clusters;
  at::Tensor order = random_tensor({61}, 7).argsort();
  auto mask = [&](const at::Tensor& rows) {
    return select_near_prototypes(clusters.features.index_select(0, rows), clusters.given.index_select(0, rows), 5,
                                  halves, {})
        .mask;
  };
  EXPECT_TRUE(at::equal(mask(order), mask(at::arange(61)).index_select(0, order)));
}

}  // namespace
}  // namespace winnow::method
