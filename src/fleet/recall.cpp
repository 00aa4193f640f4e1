#include "recall.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "class_history.h"
#include "record_text.h"

namespace winnow::fleet {

namespace {

using Attempts = std::unordered_map<Identity, std::uint32_t>;  // the last number of each stage

// A failed attempt need not have started: its stage could not be prepared, or not be taken.
void take_attempt(std::string_view record, Attempts& attempts) {
  std::optional<std::string_view> event = value_in_record(record, R"("event":)");
  if (event != "started" && event != "failed") return;
  auto identity = identity_in(record, R"("identity":)");
  auto attempt = whole_number_in(record, R"("attempt":)");
  if (!identity || !attempt || *attempt < 0) return;
  attempts[*identity] = std::max(attempts[*identity], static_cast<std::uint32_t>(*attempt));
}

}  // namespace

Journal::Replayed recall(const Path& store, const Work& work, sched::Scheduler& scheduler,
                         std::map<sched::ClassId, std::int64_t>& peaks) {
  if (Journal::last_epoch(store) == 0) return {};
  Attempts attempts;
  ClassHistory history;
  Journal::Replayed replayed = Journal::scan(store, [&](std::string_view record) {
    take_attempt(record, attempts);
    history.take(record);
  });
  if (!attempts.empty())
    for (sched::StageId stage = 0; stage < work.identities.size(); ++stage)
      if (auto found = attempts.find(work.identities[stage]); found != attempts.end())
        scheduler.attempted(stage, found->second);
  for (sched::ClassId id = 0; id < work.classes.size(); ++id)
    if (auto found = history.classes().find(work.classes[id]); found != history.classes().end()) {
      scheduler.predict(id, found->second.seconds / static_cast<double>(found->second.stages));
      peaks[id] = found->second.peak;
    }
  return replayed;
}

}  // namespace winnow::fleet
