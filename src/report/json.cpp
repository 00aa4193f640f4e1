#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "winnow/core/revision.h"
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

Value published(const Metric& metric, const Number& own) {
  Value result = {{"value", nullptr}, {"source", own.published->source}};
  if (own.published->value) result["value"] = *own.published->value;
  if (own.published->deviation) result["deviation"] = *own.published->deviation;
  if (own.published->n) result["n"] = *own.published->n;
  if (std::optional<Number::Difference> difference = own.difference(metric)) {
    result["difference"] = difference->value;
    if (difference->error) result["difference_error"] = *difference->error;
    if (difference->error && difference->ours_alone) result["difference_error_of"] = "our seeds alone";
  }
  return result;
}

// All that is not ASCII as \u....: the same text to every parser, and nothing that a terminal obeys.
std::string ascii(const Value& value, int indent = -1) {
  return value.dump(indent, ' ', true, Value::error_handler_t::replace);
}

void append_quoted(std::string& to, const std::string& text) {
  bool plain = true;
  for (unsigned char c : text) plain &= c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  if (plain) to.append(1, '"').append(text).append(1, '"');
  else to += ascii(text);
}

// The long list, a line an experiment, as text: as a tree of values it would take most of the time of a report of
// 100,000 runs.
std::string experiments(const Table& table) {
  std::vector<std::string> axes;
  for (const std::string& axis : table.axes) append_quoted(axes.emplace_back(), axis);
  std::string text;
  for (const Table::Sample& sample : table.samples) {
    text += text.empty() ? "\n  {\"axes\": {" : ",\n  {\"axes\": {";
    bool first = true;
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
      if (sample.values[axis] == "-") continue;
      if (!first) text += ", ";
      text.append(axes[axis]).append(": ");
      append_quoted(text, sample.values[axis]);
      first = false;
    }
    text.append("}, \"identity\": \"").append(sample.identity).append("\", \"value\": ");
    if (sample.value && std::isfinite(*sample.value))
      fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), *sample.value);
    else text += "null";
    if (sample.beside && std::isfinite(*sample.beside))
      fmt::format_to(std::back_inserter(text), FMT_COMPILE(", \"beside\": {}"), *sample.beside);
    text += ", \"digest\": ";
    if (sample.digest.empty()) text += "null";
    else append_quoted(text, sample.digest);
    text += ", \"file\": ";
    if (sample.file.empty()) text += "null";
    else append_quoted(text, sample.file);
    text += '}';
  }
  return text;
}

const char* word(Mark mark) { return mark == Mark::best ? "best" : mark == Mark::second ? "second" : "none"; }

void add_number(const Metric& metric, const Number& own, Value& entry) {
  entry["values"] = own.values;
  entry["mark"] = word(own.mark);
  entry["mean"] = entry["deviation"] = nullptr;
  if (own.published) entry["published"] = published(metric, own);
  if (own.summary) entry["mean"] = own.summary->mean;
  if (own.summary && own.summary->deviation) entry["deviation"] = *own.summary->deviation;
}

}  // namespace

std::string render_json(const Table& table) {
  Value cells = Value::array();
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Cell& cell = table.cells[r][c];
      if (cell.planned == 0) continue;
      Value entry = {{"row", header(table.row_axes, table.rows[r])},
                     {"column", header(table.column_axes, table.columns[c])},
                     {"done", cell.done()},
                     {"planned", cell.planned}};
      add_number(table.metric, cell, entry);
      if (cell.beside) add_number(*table.beside, *cell.beside, entry["beside"]);
      if (table.rule_alone_rows.count(r) || table.rule_alone_columns.count(c)) entry["rule_alone"] = true;
      if (table.average_rows.count(r) || table.average_columns.count(c)) entry["average"] = true;
      cells.push_back(std::move(entry));
    }
  Value all = {{"name", table.name},
               {"question", table.question},
               {"metric", table.metric.name},
               {"unit", store::to_string(table.metric.kind.unit)},
               {"better", store::to_string(table.metric.kind.better)},
               {"made_by", std::string(revision())},
               {"rule", to_string(table.metric.rule)},
               {"done", table.done},
               {"planned", table.planned},
               {"notes", table.notes},
               {"cells", std::move(cells)}};
  if (table.beside)
    all["beside"] = {{"metric", table.beside->name},
                     {"unit", store::to_string(table.beside->kind.unit)},
                     {"better", store::to_string(table.beside->kind.better)},
                     {"rule", to_string(table.beside->rule)}};
  std::string text = ascii(all, 1);
  text.resize(text.size() - 2);  // "\n}": one more key follows
  return text + ",\n \"experiments\": [" + experiments(table) + "\n ]\n}\n";
}

}  // namespace winnow::report
