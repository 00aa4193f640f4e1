#include "recall.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "further_sweep_json.h"
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

Recall::Recall(const Path& store, Journal::Tail tail) {
  if (Journal::last_epoch(store) == 0) return;
  replayed_ = Journal::scan(
      store,
      [&](std::string_view record) {
        take_attempt(record, attempts_);
        history_.take(record);
        take_request(record);
      },
      tail);
}

// Few records: they may be parsed.
void Recall::take_request(std::string_view record) {
  std::optional<std::string_view> event = value_in_record(record, R"("event":)");
  if (event == "end" && whole_number_in(record, R"("open":)") == 0) further_.clear(), cancelled_.clear();
  if (event != "added" && event != "cancelled" && event != "wanted") return;
  const Value said = Value::parse(record, nullptr, /*allow_exceptions=*/false);
  if (!said.is_object()) return;
  auto name = said.find("sweep");
  // The whole run: who starts it again wants all of what he names then.
  if (event == "cancelled" && name == said.end()) return further_.clear(), cancelled_.clear();
  FurtherSweep named = further_sweep_of(said);
  const std::string sweep = name != said.end() && name->is_string() ? name->get<std::string>() : "";
  std::erase_if(cancelled_, [&](const Cancelled& one) { return one.sweep == sweep || one.file == named.file; });
  if (event == "wanted") return;
  std::erase_if(further_, [&](const FurtherSweep& one) { return one.file == named.file; });
  if (event == "added") further_.push_back(std::move(named));
  else cancelled_.push_back({sweep, std::move(named.file)});
}

std::uint32_t Recall::attempts(const Identity& identity) const {
  auto found = attempts_.find(identity);
  return found == attempts_.end() ? 0 : found->second;
}

std::optional<double> Recall::seconds(const std::string& kind) const {
  auto found = history_.classes().find(kind);
  if (found == history_.classes().end()) return std::nullopt;
  return found->second.seconds / static_cast<double>(found->second.stages);
}

std::int64_t Recall::peak(const std::string& kind) const {
  auto found = history_.classes().find(kind);
  return found == history_.classes().end() ? 0 : found->second.peak;
}

Journal::Replayed recall(const Recall& known, const Work& work, sched::Scheduler& scheduler,
                         std::map<sched::ClassId, std::int64_t>& peaks) {
  for (sched::StageId stage = 0; stage < work.identities.size(); ++stage)
    if (std::uint32_t attempts = known.attempts(work.identities[stage])) scheduler.attempted(stage, attempts);
  for (sched::ClassId id = 0; id < work.classes.size(); ++id)
    if (auto seconds = known.seconds(work.classes[id])) {
      scheduler.predict(id, *seconds);
      peaks[id] = known.peak(work.classes[id]);
    }
  return known.replayed();
}

}  // namespace winnow::fleet
