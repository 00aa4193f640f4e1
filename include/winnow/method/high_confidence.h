// LongReMix's high-confidence set: samples that a mixture calls clean for several epochs on end. Cordeiro et al.,
// "LongReMix: robust learning with high confidence samples in a noisy label environment", 2023;
// docs/methods/noisy-labels.md#6.9. Any device, no host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// sets: epochs x N, bool, an epoch's clean samples, oldest first. Result of the same shape: for each epoch the samples
// that are in all sets of the last `history` epochs, itself included; fewer at the start. UsageError unless `history`
// is positive.
at::Tensor lasting_sets(const at::Tensor& sets, std::int64_t history);

// N, bool: the largest of the last `lookback` sets, the latest of equally large ones. UsageError unless `lookback` is
// positive, DataError for no set.
at::Tensor largest_set(const at::Tensor& sets, std::int64_t lookback);

// N: the posterior (N), 1 on the confident set (N, bool).
at::Tensor confident_posterior(const at::Tensor& posterior, const at::Tensor& confident);

}  // namespace winnow::method
