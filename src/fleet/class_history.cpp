#include "class_history.h"

#include <algorithm>
#include <optional>

#include "record_text.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

namespace {

// A class with a quote or a backslash in its name, which only a parser can read.
std::optional<std::string> parsed_class(std::string_view text) {
  Value record = Value::parse(text, nullptr, false);
  if (!record.is_object() || !record.contains("class") || !record["class"].is_string()) return std::nullopt;
  return record["class"].get<std::string>();
}

}  // namespace

void ClassHistory::take(std::string_view record) {
  if (value_in_record(record, R"("event":)") != "done") return;
  std::optional<double> seconds = number_in(record, R"("seconds":)");
  if (!seconds) return;
  std::optional<std::string_view> plain = value_in_record(record, R"("class":)");
  std::optional<std::string> parsed = plain ? std::nullopt : parsed_class(record);
  if (!plain && !parsed) return;
  Known& known = of(plain ? *plain : *parsed);
  known.seconds += *seconds;
  ++known.stages;
  known.peak = std::max(known.peak, whole_number_in(record, R"("device_memory":)").value_or(0));
}

ClassHistory::Known& ClassHistory::of(std::string_view kind) {
  auto found = classes_.find(kind);
  return found != classes_.end() ? found->second : classes_.emplace(kind, Known{}).first->second;
}

}  // namespace winnow::fleet
