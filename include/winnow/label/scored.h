// Candidate sets from scores of another model: instance-dependent ones, and their narrowing.
// docs/methods/partial-labels.md#1.4 and #2.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "winnow/label/candidates.h"

namespace winnow::label {

// N x C: probability that class c joins sample i's set, min(1, rate C q_ic / sum_k q_ik) with q = softmax of the scores
// (logits, N x C row-major) and q at the true class 0; 0 at the true class, which always is a candidate.
std::vector<double> instance_probabilities(std::span<const std::int64_t> truth, std::int64_t classes,
                                           std::span<const double> scores, double rate);

// Class c joins where draws (N x C, in [0, 1)) < probability.
Candidates instance_candidates(std::span<const std::int64_t> truth, std::int64_t classes,
                               std::span<const double> probabilities, std::span<const double> draws);
// The same with draws from counter streams of (seed, sample): a sample's set depends on no other sample.
Candidates instance_candidates(std::span<const std::int64_t> truth, std::int64_t classes,
                               std::span<const double> probabilities, std::uint64_t seed);

// What narrowing did, over all rows and over those that kept a candidate. Rates are 0 of no rows.
struct NarrowingReport {
  double size_before = 0, size_after = 0;          // mean set sizes
  double empty = 0;                                // share of sets that lost all candidates
  double covering_before = 0, covering_after = 0;  // share of sets that hold the true label
  double size_kept = 0, covering_kept = 0;
};

struct Narrowed {
  Candidates sets;                 // of the kept rows
  std::vector<std::int64_t> kept;  // rows with a candidate left, ascending
  NarrowingReport report;
};

// Keeps of each set the classes among the floor(C keep_fraction) largest scores of its row (ties: the lower class).
// `truth` is for the report alone.
Narrowed narrow(const Candidates&, std::span<const double> scores, double keep_fraction,
                std::span<const std::int64_t> truth);

}  // namespace winnow::label
