#include "recall.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "record_text.h"

namespace winnow::fleet {

namespace {

class Memory {
 public:
  void take(std::string_view record) {
    std::optional<std::string_view> event = value_in_record(record, R"("event":)");
    // A failed attempt need not have started: its stage could not be prepared, or not be taken.
    if (event == "started" || event == "failed") {
      auto identity = identity_in(record, R"("identity":)");
      auto attempt = whole_number_in(record, R"("attempt":)");
      if (!identity || !attempt || *attempt < 0) return;
      attempts[*identity] = std::max(attempts[*identity], static_cast<std::uint32_t>(*attempt));
    } else if (event == "done") {
      std::optional<std::string_view> kind = value_in_record(record, R"("class":)");
      auto seconds = number_in(record, R"("seconds":)");
      if (!kind || !seconds) return parse_done(record);
      auto found = classes.find(*kind);
      if (found == classes.end()) found = classes.emplace(*kind, Known{}).first;
      found->second.add(*seconds, whole_number_in(record, R"("device_memory":)").value_or(0));
    }
  }

  std::unordered_map<Identity, std::uint32_t> attempts;
  struct Known {
    double seconds = 0;
    int count = 0;
    std::int64_t peak = 0;
    void add(double duration, std::int64_t memory) {
      seconds += duration;
      ++count;
      peak = std::max(peak, memory);
    }
  };
  std::map<std::string, Known, std::less<>> classes;

 private:
  // A class with a quote or a backslash in its name.
  void parse_done(std::string_view text) {
    Value record = Value::parse(text, nullptr, false);
    if (!record.is_object() || !record.contains("class") || !record["class"].is_string() ||
        !record.contains("seconds") || !record["seconds"].is_number())
      return;
    auto memory = record.find("device_memory");
    bool known = memory != record.end() && memory->is_number_integer();
    classes[record["class"].get<std::string>()].add(record["seconds"].get<double>(),
                                                    known ? memory->get<std::int64_t>() : 0);
  }
};

}  // namespace

Journal::Replayed recall(const Path& store, const Work& work, sched::Scheduler& scheduler,
                         std::map<sched::ClassId, std::int64_t>& peaks) {
  if (Journal::last_epoch(store) == 0) return {};
  Memory memory;
  Journal::Replayed replayed = Journal::scan(store, [&](std::string_view record) { memory.take(record); });
  if (!memory.attempts.empty())
    for (sched::StageId stage = 0; stage < work.identities.size(); ++stage)
      if (auto found = memory.attempts.find(work.identities[stage]); found != memory.attempts.end())
        scheduler.attempted(stage, found->second);
  for (sched::ClassId id = 0; id < work.classes.size(); ++id)
    if (auto found = memory.classes.find(work.classes[id]); found != memory.classes.end()) {
      scheduler.predict(id, found->second.seconds / found->second.count);
      peaks[id] = found->second.peak;
    }
  return replayed;
}

}  // namespace winnow::fleet
