// CPL's candidate labels: classes that explain an image (intra), and for which the image is among the likeliest
// (inter). Zhang et al., "Candidate pseudolabel learning: enhancing vision-language models by prompt tuning with
// unlabeled data", 2024; docs/methods/unsupervised.md#6.4. Any device, no host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// Values at position q (n - 1), counted from 0, of the n sorted entries along dimension 0; linear between two entries.
// values: n or n x C. UsageError for q outside [0, 1], DataError for no values. torch's own quantile takes 16 million
// values at most.
at::Tensor linear_quantile(const at::Tensor& values, double q);

struct CandidateSets {
  at::Tensor threshold;   // scalar: the alpha quantile of the images' largest probabilities
  at::Tensor intra;       // N x C, bool: classes by falling probability until their sum exceeds the threshold, the
                          // class with which it does included; the lower class first on ties
  at::Tensor inter;       // N x C, bool: P_ik at least the beta quantile of column k
  at::Tensor candidates;  // N x C, bool: both. May be empty for an image
};

// probability: N x C. UsageError for alpha or beta outside [0, 1].
CandidateSets candidate_sets(const at::Tensor& probability, double alpha, double beta);

// Weights of the loss, N x C in the type of `probability`: in the first round the probabilities, renormalised over the
// candidates, later 1 at each candidate. Rows of zeros for images that are in no pool (pooled: N, bool).
at::Tensor candidate_weights(const at::Tensor& probability, const at::Tensor& candidates, const at::Tensor& pooled,
                             bool first_round);

}  // namespace winnow::method
