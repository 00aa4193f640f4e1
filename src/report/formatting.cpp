#include "formatting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "rule_alone.h"
#include "winnow/core/printable.h"

namespace winnow::report {

std::string number(const Metric& metric, double value) {
  double shown = metric.percent() ? 100 * value : value;
  if (metric.digits || metric.percent()) return fmt::format("{:.{}f}", shown, metric.digits.value_or(2));
  if (metric.kind.unit == store::Unit::count) return fmt::format("{:.{}f}", shown, shown == std::round(shown) ? 0 : 1);
  return fmt::format("{:.4g}", shown);
}

namespace {

std::string mean_of(const Metric& metric, const Number& own) {
  if (!own.summary) return own.values.empty() ? "missing" : "mixed";
  std::string text = number(metric, own.summary->mean);
  return own.summary->deviation ? fmt::format("{} ± {}", text, number(metric, *own.summary->deviation)) : text;
}

std::string published_of(const Metric& metric, const Number& own) {
  if (!own.published || !own.published->value) return "not available";
  std::string text =
      metric.percent() ? fmt::format("{:.2f}", *own.published->value) : fmt::format("{:.4g}", *own.published->value);
  return own.published->deviation ? fmt::format("{} ± {:.2f}", text, *own.published->deviation) : text;
}

std::string difference_of(const Metric& metric, const Number& own) {
  std::optional<Number::Difference> difference = own.difference(metric);
  if (!difference) return "";
  std::string text = fmt::format("{:+.2f}", difference->value);
  if (!difference->error) return text;
  return fmt::format("{} ± {}{:.2f}", text, difference->ours_alone ? "≥ " : "", *difference->error);
}

}  // namespace

std::string mean_text(const Table& table, const Cell& cell, Marked marked) {
  if (cell.planned == 0) return "";
  std::string text = marked(mean_of(table.metric, cell), cell.mark);
  return cell.beside ? text + " / " + marked(mean_of(*table.beside, *cell.beside), cell.beside->mark) : text;
}

std::string published_text(const Table& table, const Cell& cell) {
  if (!cell.published) return "";
  std::string text = published_of(table.metric, cell), difference = difference_of(table.metric, cell);
  if (cell.beside && (cell.published->value || cell.beside->published->value)) {
    text += " / " + published_of(*table.beside, *cell.beside);
    std::string second = difference_of(*table.beside, *cell.beside);
    if (!difference.empty() || !second.empty())
      difference = (difference.empty() ? "missing" : difference) + " / " + (second.empty() ? "missing" : second);
  }
  return difference.empty() ? text : text + ", " + difference;
}

std::string metric_text(const Metric& metric) {
  std::string text = metric.stage.empty() ? metric.name : fmt::format("{} of stage {}", metric.name, metric.stage);
  return fmt::format("{}{}, {}{}", text,
                     metric.percent()                           ? " in %"
                     : metric.kind.unit == store::Unit::seconds ? " in s"
                                                                : "",
                     metric.rule == Rule::last   ? "last epoch"
                     : metric.rule == Rule::best ? "best epoch, chosen on the test set"
                                                 : "epoch chosen on validation data",
                     metric.lower_is_better() ? "; lower is better" : "");
}

std::string label(const Table& table, const std::string& value) {
  auto found = table.labels.find(value);
  return printable(found == table.labels.end() ? value : found->second);
}

std::string title(const Table& table) {
  return printable(table.name) + (table.question.empty() ? "" : ": " + printable(table.question));
}

std::string row_label(const Table& table, std::size_t row, std::size_t axis) {
  const Header& own = table.rows[row];
  auto alone = table.rule_alone_rows.find(row);
  bool here = alone != table.rule_alone_rows.end() && detector_axis(table.row_axes, own) == axis;
  return label(table, own[axis]) + (here ? alone->second : "");
}

std::string column_label(const Table& table, std::size_t column, std::size_t axis) {
  const Header& own = table.columns[column];
  auto alone = table.rule_alone_columns.find(column);
  bool here = alone != table.rule_alone_columns.end() && detector_axis(table.column_axes, own) == axis;
  return label(table, own[axis]) + (here ? alone->second : "");
}

std::string row_title(const Table& table, std::size_t row) {
  std::string title;
  for (std::size_t axis = 0; axis < table.rows[row].size(); ++axis)
    if (table.rows[row][axis] != "-") title += (title.empty() ? "" : ", ") + row_label(table, row, axis);
  return title;
}

std::string column_title(const Table& table, std::size_t column) {
  std::string title;
  for (std::size_t axis = 0; axis < table.columns[column].size(); ++axis)
    title +=
        fmt::format("{}{} {}", axis ? ", " : "", printable(table.column_axes[axis]), column_label(table, column, axis));
  return title.empty() ? printable(table.metric.name) : title;
}

std::string count_text(const Cell& cell) {
  return cell.planned == 0 ? "" : fmt::format("{}/{}", cell.done(), cell.planned);
}

std::vector<std::string> legend(const Table& table) {
  std::size_t least = std::numeric_limits<std::size_t>::max(), most = 0;
  bool ours_alone = false;
  for (const auto& row : table.cells)
    for (const Cell& cell : row) {
      if (cell.planned > 0) least = std::min(least, cell.planned), most = std::max(most, cell.planned);
      std::optional<Number::Difference> difference = cell.difference(table.metric);
      ours_alone = ours_alone || (difference && difference->error && difference->ours_alone);
    }
  std::string samples = least == most ? std::to_string(most) : fmt::format("{} to {}", least, most);
  std::string metric = metric_text(table.metric);
  if (table.beside) metric += " / " + metric_text(*table.beside);
  std::vector<std::string> lines = {fmt::format(
      "{}; {}; done/planned", metric,
      most > 1 ? fmt::format("mean ± sample standard deviation over n = {} seeds", samples) : std::string("n = 1"))};
  if (!table.average_rows.empty() || !table.average_columns.empty())
    lines.push_back("an average is taken seed by seed, and is missing where one of its members is missing");
  std::vector<std::string> sources;
  for (const auto& row : table.cells)
    for (const Cell& cell : row)
      if (cell.published && std::find(sources.begin(), sources.end(), cell.published->source) == sources.end())
        sources.push_back(cell.published->source);
  if (!sources.empty())
    lines.push_back(
        fmt::format("in brackets: the published number and the difference to it with its standard error{}; {}",
                    ours_alone ? " (≥: of our seeds alone, as the published deviation is not known)" : "",
                    fmt::join(sources, "; ")));
  if (table.done < table.planned)
    lines.push_back(
        fmt::format("{} of {} experiments are missing; a mean is over those that are done, and incomplete cells are "
                    "not ranked",
                    table.planned - table.done, table.planned));
  lines.insert(lines.end(), table.notes.begin(), table.notes.end());
  for (std::string& line : lines) line = printable(line);
  return lines;
}

std::size_t columns_of(const std::string& utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

std::string markdown_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

}  // namespace winnow::report
