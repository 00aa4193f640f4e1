#include "winnow/fleet/durations.h"

#include "class_history.h"
#include "journal.h"

namespace winnow::fleet {

std::map<std::string, Duration> durations(const Path& store) {
  std::map<std::string, Duration> result;
  if (Journal::last_epoch(store) == 0) return result;
  ClassHistory history;
  Journal::scan(
      store, [&](std::string_view record) { history.take(record); }, Journal::Tail::keep);
  for (const auto& [kind, known] : history.classes())
    result[kind] = {known.seconds / static_cast<double>(known.stages), known.stages};
  return result;
}

}  // namespace winnow::fleet
