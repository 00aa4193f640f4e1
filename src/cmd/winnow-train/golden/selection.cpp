// kind = selection: losses, logits, features or labels to a mask, scores and labels.
#include <fmt/format.h>

#include "golden/kinds.h"
#include "golden/selections.h"
#include "winnow/core/error.h"

namespace winnow::golden {

void run_selection(Case& c) {
  for (const Subjects& subjects : {partial_selections(), noisy_selections(), unsupervised_selections()})
    if (auto found = subjects.find(c.subject()); found != subjects.end()) return found->second(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

}  // namespace winnow::golden
