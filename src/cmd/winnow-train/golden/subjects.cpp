#include "golden/subjects.h"

#include <fmt/format.h>

#include "golden/kinds.h"
#include "winnow/core/error.h"

namespace winnow::golden {

void run_one_of(const std::vector<Subjects>& tables, Case& c) {
  for (const Subjects& subjects : tables)
    if (auto found = subjects.find(c.subject()); found != subjects.end()) return found->second(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

// Losses, logits, features or labels to a mask, scores and labels.
void run_selection(Case& c) { run_one_of({partial_selections(), noisy_selections(), unsupervised_selections()}, c); }

// Predictions and labels to the figures that a table shows.
void run_metric(Case& c) { run_one_of({stage_metrics(), metrics_of_several()}, c); }

}  // namespace winnow::golden
