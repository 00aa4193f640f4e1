// Pseudo-labels by deferred acceptance: each image proposes to classes by falling score, a class keeps its `capacity`
// best proposers, and a rejected or evicted image proposes to its next class. Gale and Shapley, "College admissions and
// the stability of marriage", 1962; docs/methods/unsupervised.md#6.2, and #6.4 for CPL's pools.
//
// Ties: an image proposes to the lower class first, a class prefers the lower image. So all preferences are strict, and
// the result is the only one that is best for every image, whatever the order of the proposals.
//
// Sequential, so on the host: scores are read on the host, and results lie there.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace winnow::method {

struct Placement {
  at::Tensor label;  // N, int64: the class that keeps the image, -1 where none does
  at::Tensor score;  // N, fp64: the score at that class, 0 where there is none
};

// Scores of the images first, ..., first + count - 1: count x C on the host, real. -inf: the image may not get the
// class. The same numbers at every reading.
using ReadScores = std::function<at::Tensor(std::int64_t first, std::int64_t count)>;

// What is held in memory: a block of rows, and for each image its next few classes.
struct DeferredMemory {
  std::int64_t block = 4096;  // rows that are read at once, at most
  std::int64_t wishes = 16;   // classes that are remembered of an image; 16 bytes each
};

// Reads all scores once, and again the rows of those images that were rejected by all classes remembered of them.
// Memory beyond one block: N (16 wishes + 40) bytes, 0.3 GB for a million images. UsageError for a negative capacity;
// DataError naming the image for a score that is NaN.
Placement deferred_acceptance(std::int64_t samples, std::int64_t classes, std::int64_t capacity, const ReadScores&,
                              DeferredMemory = {});

// The same of scores that lie in memory (N x C, host). allowed: N x C, 0 where an image may not get a class; undefined:
// all may.
Placement deferred_acceptance(const at::Tensor& scores, std::int64_t capacity, const at::Tensor& allowed = {});

}  // namespace winnow::method
