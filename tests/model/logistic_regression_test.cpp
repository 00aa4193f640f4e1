// Against scikit-learn 1.9: LogisticRegression(solver = "lbfgs", C = 1, class_weight = "balanced").fit(x, y).coef_ in
// NumPy's fp64, with x = 2 sin(0.7 arange(120)^1.1) as 40 x 3 and y_i = (i^2 + i // 7) mod 4 where 5 does not divide i,
// else 0.
#include "winnow/model/logistic_regression.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "winnow/core/error.h"

namespace winnow::model {
namespace {

at::Tensor features() { return (2 * at::sin(0.7 * at::arange(120, at::kDouble).pow(1.1))).view({40, 3}); }

at::Tensor labels() {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < 40; ++i) result.push_back(i % 5 ? (i * i + i / 7) % 4 : 0);
  return at::tensor(result, at::kLong);
}

double difference(const at::Tensor& got, const std::vector<double>& want) {
  return (got.flatten() - at::tensor(want, at::kDouble)).abs().max().item<double>();
}

TEST(LogisticRegression, HasTheMinimumOfScikitLearn) {
  EXPECT_LT(
      difference(fit_logistic_regression(features(), labels(), 4, {1, 1000, 1e-10}),  // tol = 1e-12, max_iter = 10000
                 {-0.21752759723008258, -0.04123743372349914, 0.5208743356160722, 0.0022512815352992263,
                  -0.09066051258688962, -0.3385795985590304, -0.009245654553672301, 0.5212243842492387,
                  0.6680647636844576, 0.22452197024845566, -0.38932643793884975, -0.8503595007414987}),
      1e-6);
  EXPECT_LT(difference(fit_logistic_regression(features(), labels(), 4),  // its defaults end a little earlier
                       {-0.21726313652891474, -0.04134066096012953, 0.5209562586086407, 0.001894783121146459,
                        -0.0902664964220316, -0.3391108205491243, -0.009638288887684622, 0.5212049172393166,
                        0.6673679970696078, 0.22500662229545264, -0.389597759857156, -0.8492134351291246}),
            3e-3);
}

TEST(LogisticRegression, CountsASampleByItsClass) {
  at::Tensor x = features(), y = labels(), first = at::nonzero(y == 0).flatten();
  at::Tensor more = fit_logistic_regression(at::cat({x, x.index_select(0, first)}),
                                            at::cat({y, y.index_select(0, first)}), 4, {1e6, 1000, 1e-9});
  EXPECT_LT((more - fit_logistic_regression(x, y, 4, {1e6, 1000, 1e-9})).abs().max().item<double>(), 1e-3)
      << "a class twice as large weighs no more";
}

TEST(LogisticRegression, SurvivesFeaturesThatSeparateOrAreHuge) {
  at::Tensor x = at::one_hot(labels(), 4).to(at::kDouble);
  EXPECT_TRUE(at::isfinite(fit_logistic_regression(x * 1e4, labels(), 4)).all().item<bool>());
  EXPECT_TRUE(at::isfinite(fit_logistic_regression(x * 1e-8, labels(), 4)).all().item<bool>());
  EXPECT_TRUE(at::equal(fit_logistic_regression(at::zeros({40, 3}), labels(), 4), at::zeros({4, 3}, at::kDouble)));
}

TEST(LogisticRegression, AClassWithoutSamplesIsNamed) {
  try {
    fit_logistic_regression(features(), labels(), 5);
    ADD_FAILURE() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no training sample has the label 4"));
  }
}

}  // namespace
}  // namespace winnow::model
