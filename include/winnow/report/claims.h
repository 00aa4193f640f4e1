// What became of a sweep's claims.
#pragma once

#include <string>
#include <vector>

#include "winnow/report/comparison.h"

namespace winnow::report {

enum class Verdict { undecided, held, not_held };  // the default is undecided
std::string_view to_string(Verdict);               // "held", "not held", "undecided"

// The rule, with [low, high] the interval of the mean paired difference at confidence 1 - alpha:
//   held       every planned pair is done, and low > effect (for at_most: the interval of the spread lies below it)
//   not held   every planned pair is done, and high < effect
//   undecided  else: pairs are missing, there is but one, a value is not finite, or the interval contains the effect
struct Judgement {
  sweep::Claim claim;
  Metric metric;
  Verdict verdict = Verdict::undecided;
  std::size_t planned = 0, done = 0;  // pairs, or spreads for at_most
  PairedTest test;                    // of those that are done, in the unit of `effect`
  std::string why;                    // of undecided
};

// Pairs an experiment of `better` (a spread of `below`) with the one of `worse` (`spread`) that agrees with it on every
// axis which neither names. UsageError naming file and line for a claim without a pair, or with several partners for
// one experiment.
std::vector<Judgement> judge(const sweep::Plan&, store::RunReader&);
std::vector<Judgement> judge(const sweep::Plan&, const store::Store&);

void check_claims(const sweep::Plan&);  // UsageError where judge() would throw one: before the run, not after it

std::string render_claims(const std::vector<Judgement>&, bool colour);  // for a terminal; "" without claims
std::string render_claims_markdown(const std::vector<Judgement>&);      // a table; "" without claims
std::string render_claims_json(const std::vector<Judgement>&);          // {"claims": [...]}
std::string numbers_of(
    const Judgement&);  // "+1.20 [0.31, 2.09] over 3 pairs, p = 0.02 (t), 0.25 (Wilcoxon); threshold 0.5"

}  // namespace winnow::report
