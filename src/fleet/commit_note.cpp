#include "commit_note.h"

#include <fmt/format.h>

#include <algorithm>

namespace winnow::fleet {

std::string commit_note(const std::string& label, const sched::CommitOutcome& outcome, const Path& store) {
  std::size_t space = std::min(outcome.digest.find(' '), outcome.digest.size());
  std::string digest = outcome.digest.substr(0, space);
  if (outcome.word == "conflict")
    return fmt::format(
        "{} gave another result than the one in the store; the new one lies in {} (result digest {}): the computation "
        "is not repeatable",
        label, (store / "damaged").string(), digest);
  if (outcome.word == "differs")
    return fmt::format(
        "note: {} gave another result than the one in the store, which stays (the new one had the result digest {}): "
        "{}; "
        "results are equal within rounding there, not bit for bit",
        label, digest, outcome.digest.substr(std::min(space + 1, outcome.digest.size())));
  return "";
}

}  // namespace winnow::fleet
