// Multinomial logistic regression with class-balanced weights: the starting head `linear-probe`
// (docs/methods/partial-labels.md#3.2).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace winnow::model {

struct LogisticRegressionOptions {
  double strength = 1;            // scikit-learn's C: the inverse of the penalty
  std::int64_t iterations = 100;  // of L-BFGS, at most
  double tolerance = 1e-4;        // it ends where no entry of the gradient of the mean loss is larger
};

// Of features (N x d) and labels (N, int64, each of 0..classes-1 there), in fp64: the coefficients, classes x d,
// without the intercepts, which are fitted and not penalised. The minimum is that of scikit-learn's
// LogisticRegression(class_weight = "balanced", solver = "lbfgs"); with two classes there are two rows. UsageError
// naming a class without samples.
at::Tensor fit_logistic_regression(const at::Tensor& features, const at::Tensor& labels, std::int64_t classes,
                                   const LogisticRegressionOptions& = {});

}  // namespace winnow::model
