#include <fmt/format.h>

#include "winnow/report/render.h"

namespace winnow::report {

namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string result = "\"";
  for (char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

}  // namespace

std::string render_csv(const Table& table) {
  std::string text;
  for (const std::string& axis : table.axes) text += quoted(axis) + ",";
  text += "identity," + quoted(table.metric.column()) + ",file\n";
  for (const Table::Sample& sample : table.samples) {
    for (const std::string& value : sample.values) text += (value == "-" ? "" : quoted(value)) + ",";
    // All digits: the value as it was stored, a share stays a share.
    text += fmt::format("{},{},{}\n", sample.identity, sample.value ? fmt::format("{}", *sample.value) : "", quoted(sample.file));
  }
  return text;
}

}  // namespace winnow::report
