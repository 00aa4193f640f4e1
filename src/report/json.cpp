#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "winnow/core/settings.h"
#include "winnow/report/render.h"

namespace winnow::report {

namespace {

Value header(const std::vector<std::string>& axes, const Header& values) {
  Value result = Value::object();
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    if (values[axis] != "-") result[axes[axis]] = values[axis];
  return result;
}

Value published(const Table& table, const Cell& cell) {
  Value result = {{"value", nullptr}, {"source", cell.published->source}};
  if (cell.published->value) result["value"] = *cell.published->value;
  if (cell.published->deviation) result["deviation"] = *cell.published->deviation;
  if (cell.published->n) result["n"] = *cell.published->n;
  if (std::optional<Cell::Difference> difference = cell.difference(table.metric)) {
    result["difference"] = difference->value;
    if (difference->error) result["difference_error"] = *difference->error;
  }
  return result;
}

std::string quoted(const std::string& text) {
  bool plain = true;
  for (unsigned char c : text) plain = plain && c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  return plain ? '"' + text + '"' : Value(text).dump();
}

// The long list, a line an experiment, as text: as a tree of values it would take most of the time of a report of 100,000 runs.
std::string experiments(const Table& table) {
  std::vector<std::string> axes;
  for (const std::string& axis : table.axes) axes.push_back(quoted(axis));
  fmt::memory_buffer text;
  auto out = std::back_inserter(text);
  for (const Table::Sample& sample : table.samples) {
    text.append(std::string_view(text.size() == 0 ? "\n  {\"axes\": {" : ",\n  {\"axes\": {"));
    bool first = true;
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
      if (sample.values[axis] == "-") continue;
      fmt::format_to(out, "{}{}: {}", first ? "" : ", ", axes[axis], quoted(sample.values[axis]));
      first = false;
    }
    fmt::format_to(out, "}}, \"identity\": {}, \"value\": ", quoted(sample.identity));
    if (sample.value && std::isfinite(*sample.value)) fmt::format_to(out, "{}", *sample.value);
    else text.append(std::string_view("null"));
    fmt::format_to(out, ", \"file\": {}}}", sample.file.empty() ? "null" : quoted(sample.file));
  }
  return fmt::to_string(text);
}

const char* word(Mark mark) { return mark == Mark::best ? "best" : mark == Mark::second ? "second" : "none"; }

}  // namespace

std::string render_json(const Table& table) {
  Value cells = Value::array();
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Cell& cell = table.cells[r][c];
      if (cell.planned == 0) continue;
      Value entry = {{"row", header(table.row_axes, table.rows[r])}, {"column", header(table.column_axes, table.columns[c])},
                     {"done", cell.done()}, {"planned", cell.planned}, {"values", cell.values}, {"mark", word(cell.mark)},
                     {"mean", nullptr}, {"deviation", nullptr}};
      if (cell.published) entry["published"] = published(table, cell);
      if (cell.summary) entry["mean"] = cell.summary->mean;
      if (cell.summary && cell.summary->deviation) entry["deviation"] = *cell.summary->deviation;
      cells.push_back(std::move(entry));
    }
  Value all = {{"name", table.name}, {"question", table.question}, {"metric", table.metric.name},
               {"rule", to_string(table.metric.rule)}, {"done", table.done}, {"planned", table.planned},
               {"notes", table.notes}, {"cells", std::move(cells)}};
  std::string text = all.dump(1);
  text.resize(text.size() - 2);                   // "\n}": one more key follows
  return text + ",\n \"experiments\": [" + experiments(table) + "\n ]\n}\n";
}

}  // namespace winnow::report
