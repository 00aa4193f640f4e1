// Pseudo-labels by confidence: the K most confident images of each class. CoFT's step A, UPL, IFPL, GRIP;
// docs/methods/unsupervised.md#3.2, #6.1 and #6.2. Ties: the lower class, then the lower image (#1). Any device, no
// host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// Both rules select among the images that are `unlabelled` (N, bool; undefined: all); the others take no place.

// probability: N x C. `label`: N, int64, each image's argmax; `score`: N, its probability; `mask`: N, bool, the K most
// confident of each predicted class, all where there are fewer. UsageError for a negative K.
struct TopK {
  at::Tensor mask, score, label;
};
TopK top_k_argmax(const at::Tensor& probability, std::int64_t K, const at::Tensor& unlabelled = {});

// N x C, bool: of each column the K largest entries, all where N < K. An image may be selected under several classes.
// UsageError for a negative K.
at::Tensor top_k_columnwise(const at::Tensor& probability, std::int64_t K, const at::Tensor& unlabelled = {});

// K of GRIP's round 1, ..., `rounds`: min(floor(round floor(N / rounds) / C), floor(N / C)). The last round labels
// nearly all images, equally many of each class. Menghini et al., "Enhancing CLIP with CLIP: exploring
// pseudolabeling for limited-label prompt tuning", 2023; docs/methods/unsupervised.md#6.2. UsageError for numbers
// that are not positive.
std::int64_t growing_k(std::int64_t round, std::int64_t rounds, std::int64_t samples, std::int64_t classes);

}  // namespace winnow::method
