#include "recall.h"

#include <unordered_map>

#include "journal.h"

namespace winnow::fleet {

std::size_t recall(const Path& store, const Work& work, sched::Scheduler& scheduler) {
  if (Journal::last_epoch(store) == 0) return 0;
  std::unordered_map<std::string, std::uint32_t> attempts;
  std::map<std::string, std::pair<double, int>> durations;
  std::size_t damaged = Journal::replay(store, [&](const Value& record) {
    std::string event = record.value("event", "");
    if (event == "started") {
      std::uint32_t& last = attempts[record.value("identity", "")];
      last = std::max(last, record.value("attempt", 0u));
    } else if (event == "done") {
      auto& [sum, count] = durations[record.value("class", "")];
      sum += record.value("seconds", 0.0);
      ++count;
    }
  });
  if (!attempts.empty())
    for (sched::StageId stage = 0; stage < work.identities.size(); ++stage)
      if (auto found = attempts.find(work.identities[stage].hex()); found != attempts.end())
        scheduler.attempted(stage, found->second);
  for (sched::ClassId id = 0; id < work.classes.size(); ++id)
    if (auto found = durations.find(work.classes[id]); found != durations.end())
      scheduler.predict(id, found->second.first / found->second.second);
  return damaged;
}

}  // namespace winnow::fleet
