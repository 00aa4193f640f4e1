#include "trainer_events.h"

#include <fmt/format.h>

#include <cctype>

#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/json_text.h"

namespace winnow::fleet {

namespace {

// What is passed on to the coordinator, on which a whole run depends, is checked here. Empty, or what is missing.
std::string missing_in(const TrainerEvent& event) {
  auto is_count = [&](const char* key) {
    auto found = event.content.find(key);
    return found != event.content.end() && found->is_number_integer() && *found >= 0;
  };
  switch (event.kind) {
    case TrainerEvent::Kind::resumed:
    case TrainerEvent::Kind::checkpoint: return is_count("step") ? "" : "\"step\", an integer of at least 0";
    case TrainerEvent::Kind::failed: {
      auto word = event.content.find("class");
      bool known = word == event.content.end() || *word == "user" || *word == "memory" || *word == "transient";
      return known ? "" : "as \"class\" one of user, memory, transient";
    }
    case TrainerEvent::Kind::note:
      return event.content.contains("text") && event.content["text"].is_string() ? "" : "\"text\", a text";
    default: return "";
  }
}

bool continues_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Where Python's json module wrote a number that JSON does not have, outside of its texts; npos: nowhere.
std::size_t find_not_a_number(std::string_view line) {
  bool text = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (text && line[i] == '\\') ++i;
    else if (line[i] == '"') text = !text;
    else if (!text)
      for (std::string_view word : {"NaN", "Infinity"})
        if (line.substr(i, word.size()) == word && (i == 0 || !continues_word(line[i - 1])) &&
            (i + word.size() == line.size() || !continues_word(line[i + word.size()])))
          return i;
  }
  return std::string_view::npos;
}

// The words around a place in a line, for messages.
std::string around(std::string_view line, std::size_t place) {
  std::size_t begin = place > 40 ? place - 40 : 0;
  return (begin > 0 ? "..." : "") + beginning_of(line.substr(begin, 60));
}

// Nothing for what is no JSON, or none that can be handed on: a key twice, nesting without end.
Value parsed(std::string_view line, std::string* why = nullptr) {
  try {
    return parse_json(line, "the trainer's line");
  } catch (const DataError& error) {
    if (why) *why = error.what();
    return Value(Value::value_t::discarded);
  }
}

// With null in place of every number that JSON does not have.
Value without_not_a_numbers(std::string line) {
  for (std::size_t at; (at = find_not_a_number(line)) != std::string::npos;) {
    std::size_t length = line[at] == 'N' ? 3 : 8;
    if (at > 0 && line[at - 1] == '-') --at, ++length;
    line.replace(at, length, "null");
  }
  return parsed(line);
}

// Did its author mean it as an event, whatever is wrong with it?
bool looks_like_an_event(std::string_view line) {
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.remove_suffix(1);
  return line.starts_with('{') && line.ends_with('}') && line.find("\"event\"") != std::string_view::npos;
}

}  // namespace

std::optional<TrainerEvent> parse_event(std::string_view line) {
  Value content = parsed(line);
  if (!content.is_object()) return std::nullopt;
  auto word = content.find("event");
  if (word == content.end() || !word->is_string()) return std::nullopt;
  std::optional<TrainerEvent::Kind> kind = protocol::events().find(word->get_ref<const std::string&>());
  if (!kind) return std::nullopt;
  TrainerEvent event{*kind, std::move(content)};
  if (!missing_in(event).empty()) return std::nullopt;
  return event;
}

std::string mistake_of(std::string_view line) {
  std::string why;
  Value content = parsed(line, &why);
  if (content.is_discarded()) {
    std::size_t place = find_not_a_number(line);
    if (place == std::string_view::npos || !without_not_a_numbers(std::string(line)).is_object())
      return looks_like_an_event(line) ? why : "";
    return fmt::format("the trainer wrote NaN or Infinity, which JSON does not have: write null ('{}')",
                       around(line, place));
  }
  if (!content.is_object()) return "";
  auto word = content.find("event");
  if (word == content.end() || !word->is_string())
    return fmt::format("the trainer wrote an object without \"event\", a text: '{}' (src/fleet/README.md)",
                       beginning_of(line));
  std::string name = word->get<std::string>();
  std::optional<TrainerEvent::Kind> kind = protocol::events().find(name);
  if (!kind)
    return fmt::format("the trainer wrote an unknown event '{}'{}", beginning_of(name),
                       did_you_mean(name, protocol::events().all()));
  std::string missing = missing_in({*kind, content});
  return missing.empty() ? ""
                         : fmt::format("the trainer's event '{}' needs {}: '{}'", name, missing, beginning_of(line));
}

std::uint64_t mark_of(const TrainerEvent& progress) {
  std::string moved;
  for (const char* key : {"phase", "epoch", "step", "done"})
    if (auto found = progress.content.find(key); found != progress.content.end()) moved += found->dump() + ",";
  return hash_of(moved).low;
}

sched::FailureClass failure_class_of(const TrainerEvent& failed) {
  auto word = failed.content.find("class");
  return word == failed.content.end() ? sched::FailureClass::transient
                                      : sched::parse_failure_class(word->get<std::string>());
}

std::string beginning_of(std::string_view garbage) {
  std::string text(garbage.substr(0, 60));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = '.';
  return text + (garbage.size() > 60 ? "..." : "");
}

}  // namespace winnow::fleet
