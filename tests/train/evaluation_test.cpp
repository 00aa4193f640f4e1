// Figures by class, beside numbers worked out by hand and by scikit-learn's definitions.
#include "winnow/train/evaluation.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

namespace winnow::train {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

at::Tensor labels(std::vector<std::int64_t> values) { return at::tensor(values, at::TensorOptions(at::kLong)); }
at::Tensor doubles(std::vector<double> values) { return at::tensor(values, at::TensorOptions(at::kDouble)); }

// Confusion: class 0: 3 of 4, class 1: 1 of 2, class 2: 0 of 1; class 3 has no sample and is predicted once.
const std::vector<std::int64_t> kTruth = {0, 0, 0, 0, 1, 1, 2}, kPredicted = {0, 0, 0, 1, 1, 3, 0};

TEST(ClassAccuracy, ByClassAndItsMeans) {
  ClassAccuracy result = class_accuracy(labels(kPredicted), labels(kTruth), 4);
  EXPECT_EQ(result.of_class[0].item<double>(), 0.75);
  EXPECT_EQ(result.of_class[1].item<double>(), 0.5);
  EXPECT_EQ(result.of_class[2].item<double>(), 0);
  EXPECT_TRUE(std::isnan(result.of_class[3].item<double>())) << "nothing is known of it";
  EXPECT_NEAR(result.mean, 1.25 / 3, 1e-12);
  EXPECT_EQ(result.worst, 0);
  EXPECT_NEAR(result.harmonic, 3 / (1 / 0.75 + 1 / 0.5 + 1e5), 1e-12) << "a class at zero counts as 0.001 %";
  EXPECT_EQ(result.geometric, 0);
  // f1_score(average="macro", labels=[0, 1, 2]): (6/8 + 2/4 + 0) / 3
  EXPECT_NEAR(result.f1_macro, 1.25 / 3, 1e-12);
}

TEST(ClassAccuracy, MeansOfClassesThatAllHaveSome) {
  ClassAccuracy result = class_accuracy(labels({0, 0, 1, 0}), labels({0, 0, 1, 1}), 2);
  EXPECT_NEAR(result.harmonic, 2 / (1 + 2.0), 1e-12);
  EXPECT_NEAR(result.geometric, std::sqrt(0.5), 1e-12);
  EXPECT_EQ(result.worst, 0.5);
}

TEST(ClassAccuracy, NothingToEvaluateIsZeroAndNotNan) {
  ClassAccuracy result = class_accuracy(labels({}), labels({}), 3);
  EXPECT_EQ(result.mean, 0);
  EXPECT_EQ(result.f1_macro, 0);
  EXPECT_EQ(result.of_class.size(0), 3);
}

TEST(ClassAccuracy, TheLowestOfSeveralLargestIsPredicted) {
  EXPECT_EQ(predicted_classes({{"logits", doubles({1, 2, 2, 0}).view({2, 2})}}).sum().item<std::int64_t>(), 1);
  EXPECT_EQ(predicted_classes({{"logits", doubles({5, 5, 5}).view({1, 3})}}).item<std::int64_t>(), 0);
  EXPECT_EQ(predicted_classes({{"logits", doubles({9, 0}).view({1, 2})}, {"prediction", doubles({0, 9}).view({1, 2})}})
                .item<std::int64_t>(),
            1);
}

// More than 100, 20 to 100, fewer than 20: the borders belong to the middle.
TEST(AccuracyByShots, GroupsOfClasses) {
  at::Tensor of_class = doubles({0.9, 0.8, 0.6, 0.4, 0.1});
  EXPECT_THAT(accuracy_by_shots(of_class, labels({500, 101, 100, 20, 19})),
              ElementsAre(Pair("accuracy_few", DoubleNear(0.1, 1e-12)), Pair("accuracy_many", DoubleNear(0.85, 1e-12)),
                          Pair("accuracy_medium", DoubleNear(0.5, 1e-12))));
  EXPECT_THAT(accuracy_by_shots(of_class, labels({500, 400, 300, 200, 101})), IsEmpty())
      << "one group is accuracy itself";
}

TEST(AccuracyByShots, AClassWithoutTestSamplesIsInNoGroup) {
  EXPECT_THAT(accuracy_by_shots(doubles({0.5, NAN, 0.25}), labels({200, 5, 50})),
              ElementsAre(Pair("accuracy_many", 0.5), Pair("accuracy_medium", 0.25)));
}

// Five samples, of which 0, 1 and 4 are clean; 0, 2 and 4 are selected.
TEST(SelectionQuality, OfAMaskAgainstTheTrueLabels) {
  at::Tensor mask = at::tensor({1, 0, 1, 0, 1}, at::kByte);
  SelectionQuality quality = selection_quality(mask, labels({0, 1, 2, 0, 1}), labels({0, 1, 0, 1, 1}));
  EXPECT_NEAR(quality.precision, 2.0 / 3, 1e-12);
  EXPECT_NEAR(quality.recall, 2.0 / 3, 1e-12);
  EXPECT_NEAR(quality.f1, 2.0 / 3, 1e-12);
  EXPECT_NEAR(quality.kept, 0.6, 1e-12);
  SelectionQuality all = selection_quality(at::ones({5}, at::kByte), labels({0, 1, 2, 0, 1}), labels({0, 1, 0, 1, 1}));
  EXPECT_NEAR(all.precision, 0.6, 1e-12) << "the share of clean samples";
  EXPECT_EQ(all.recall, 1);
  EXPECT_NEAR(all.f1, 0.75, 1e-12);
}

TEST(SelectionQuality, AZeroDenominatorIsZeroAndNotNan) {
  SelectionQuality nothing = selection_quality(at::zeros({2}, at::kByte), labels({0, 1}), labels({0, 1}));
  EXPECT_EQ(nothing.precision, 0);
  EXPECT_EQ(nothing.recall, 0);
  EXPECT_EQ(nothing.f1, 0);
  EXPECT_EQ(nothing.kept, 0);
  SelectionQuality nothing_clean = selection_quality(at::ones({2}, at::kByte), labels({0, 1}), labels({1, 0}));
  EXPECT_EQ(nothing_clean.precision, 0);
  EXPECT_EQ(nothing_clean.recall, 0);
  EXPECT_EQ(nothing_clean.f1, 0);
  EXPECT_EQ(f1_of(0, 0), 0);
}

}  // namespace
}  // namespace winnow::train
