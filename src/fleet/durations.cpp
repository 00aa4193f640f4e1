#include "winnow/fleet/durations.h"

#include "winnow/fleet/journal_records.h"

namespace winnow::fleet {

std::map<std::string, Duration> durations(const Path& store) {
  std::map<std::string, Duration> result;
  read_journal(store, [&](const Value& record) {
    if (record.value("event", "") != "done") return;
    auto kind = record.find("class"), seconds = record.find("seconds");
    if (kind == record.end() || !kind->is_string() || seconds == record.end() || !seconds->is_number()) return;
    Duration& known = result[kind->get<std::string>()];
    known.seconds += seconds->get<double>();
    ++known.stages;
  });
  for (auto& [kind, known] : result) known.seconds /= static_cast<double>(known.stages);
  return result;
}

}  // namespace winnow::fleet
