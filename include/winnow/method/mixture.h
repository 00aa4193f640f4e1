// Two normal distributions over one number a sample: who of the samples has a small loss.
// docs/methods/noisy-labels.md#6.5. Tensors of the host: a fit looks at its likelihood after every step.
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/core/settings.h"
#include "winnow/core/stream.h"

namespace winnow::method {

// Losses brought to [0, 1] by their smallest and largest; all 0 where they are equal. `half`: each operation is rounded
// to fp16, as DeFT's code does (B11). The result is fp64.
at::Tensor normalised_losses(const at::Tensor& losses, bool half);

// Component (0 or 1) of each value, int64, by two-means on the line: k-means++ start, then Lloyd's steps until nothing
// changes.
at::Tensor two_means(const at::Tensor& values, Stream&);

struct MixtureLimits {
  std::int64_t most_iterations = 100;
  double tolerance = 1e-3;  // stops when the mean log-likelihood changes by less
  double floor = 1e-6;      // added to each variance in every M-step

  static MixtureLimits from(const Settings&);  // max_iter, tol, reg_covar
};

// Expectation-maximisation as scikit-learn's GaussianMixture does it, from hard components (the first M-step). In fp64.
struct Mixture {
  at::Tensor means, variances, weights;  // 2, by component
  at::Tensor posteriors;                 // N x 2
  at::Tensor posterior;                  // N: of the component with the lower mean
  std::int64_t iterations = 0;           // EM steps taken

  static Mixture fit(const at::Tensor& values, const at::Tensor& components, const MixtureLimits&);
};

}  // namespace winnow::method
