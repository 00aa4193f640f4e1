#include "trainer_events.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/core/hash.h"

namespace winnow::fleet {

namespace {

// What goes on to the coordinator, of which a whole run depends, is checked here.
bool is_whole(const TrainerEvent& event) {
  auto is_count = [&](const char* key) {
    auto found = event.content.find(key);
    return found != event.content.end() && found->is_number_integer() && *found >= 0;
  };
  switch (event.kind) {
    case TrainerEvent::Kind::resumed:
    case TrainerEvent::Kind::checkpoint: return is_count("step");
    case TrainerEvent::Kind::note: return event.content.contains("text") && event.content["text"].is_string();
    default: return true;
  }
}

}  // namespace

std::optional<TrainerEvent> parse_event(std::string_view line) {
  Value content = Value::parse(line, nullptr, false);
  if (!content.is_object()) return std::nullopt;
  auto word = content.find("event");
  if (word == content.end() || !word->is_string()) return std::nullopt;
  static const std::pair<std::string_view, TrainerEvent::Kind> kinds[] = {
      {"ready", TrainerEvent::Kind::ready}, {"progress", TrainerEvent::Kind::progress}, {"done", TrainerEvent::Kind::done},
      {"failed", TrainerEvent::Kind::failed}, {"stopped", TrainerEvent::Kind::stopped},
      {"resumed", TrainerEvent::Kind::resumed}, {"checkpoint", TrainerEvent::Kind::checkpoint}, {"note", TrainerEvent::Kind::note}};
  for (const auto& [name, kind] : kinds) {
    if (word->get_ref<const std::string&>() != name) continue;
    TrainerEvent event{kind, std::move(content)};
    if (is_whole(event)) return event;
    break;
  }
  return std::nullopt;
}

std::uint64_t mark_of(const TrainerEvent& progress) {
  std::string moved;
  for (const char* key : {"phase", "epoch", "step", "done"})
    if (auto found = progress.content.find(key); found != progress.content.end()) moved += found->dump() + ",";
  return hash_of(moved).low;
}

sched::FailureClass failure_class_of(const TrainerEvent& failed) {
  auto word = failed.content.find("class");
  if (word == failed.content.end() || !word->is_string()) return sched::FailureClass::transient;
  try {
    return sched::parse_failure_class(word->get<std::string>());
  } catch (const UsageError&) {
    return sched::FailureClass::transient;
  }
}

std::string beginning_of(std::string_view garbage) {
  std::string text(garbage.substr(0, 60));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = '.';
  return text + (garbage.size() > 60 ? "..." : "");
}

std::string run_line(const RunCommand& run) {
  return fmt::format(R"({{"do":"run","identity":"{}","attempt":{},"stage":{},"context":{},"output":{},"checkpoint":{}}})", run.identity, run.attempt,
                     run.stage, run.context, Value(run.output).dump(), Value(run.checkpoint).dump());
}

}  // namespace winnow::fleet
