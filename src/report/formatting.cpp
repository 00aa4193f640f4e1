#include "formatting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "winnow/core/printable.h"

namespace winnow::report {

std::string number(const Metric& metric, double value) {
  double shown = metric.percent() ? 100 * value : value;
  if (metric.digits || metric.percent()) return fmt::format("{:.{}f}", shown, metric.digits.value_or(2));
  if (metric.kind.unit == store::Unit::count) return fmt::format("{:.{}f}", shown, shown == std::round(shown) ? 0 : 1);
  return fmt::format("{:.4g}", shown);
}

std::string mean_text(const Table& table, const Cell& cell) {
  if (cell.planned == 0) return "";
  if (!cell.summary) return cell.values.empty() ? "missing" : "mixed";
  std::string text = number(table.metric, cell.summary->mean);
  return cell.summary->deviation ? fmt::format("{} ± {}", text, number(table.metric, *cell.summary->deviation)) : text;
}

std::string published_text(const Table& table, const Cell& cell) {
  if (!cell.published) return "";
  if (!cell.published->value) return "not available";
  std::string text = table.metric.percent() ? fmt::format("{:.2f}", *cell.published->value)
                                            : fmt::format("{:.4g}", *cell.published->value);
  if (cell.published->deviation) text += fmt::format(" ± {:.2f}", *cell.published->deviation);
  if (std::optional<Cell::Difference> difference = cell.difference(table.metric))
    text += difference->error ? fmt::format(", {:+.2f} ± {:.2f}", difference->value, *difference->error)
                              : fmt::format(", {:+.2f}", difference->value);
  return text;
}

std::string label(const Table& table, const std::string& value) {
  auto found = table.labels.find(value);
  return printable(found == table.labels.end() ? value : found->second);
}

std::string title(const Table& table) {
  return printable(table.name) + (table.question.empty() ? "" : ": " + printable(table.question));
}

std::string column_title(const Table& table, const Header& column) {
  std::string title;
  for (std::size_t axis = 0; axis < column.size(); ++axis)
    title += fmt::format("{}{} {}", axis ? ", " : "", printable(table.column_axes[axis]), label(table, column[axis]));
  return title.empty() ? printable(table.metric.name) : title;
}

std::string count_text(const Cell& cell) {
  return cell.planned == 0 ? "" : fmt::format("{}/{}", cell.done(), cell.planned);
}

std::vector<std::string> legend(const Table& table) {
  std::size_t least = std::numeric_limits<std::size_t>::max(), most = 0;
  for (const auto& row : table.cells)
    for (const Cell& cell : row)
      if (cell.planned > 0) least = std::min(least, cell.planned), most = std::max(most, cell.planned);
  std::string samples = least == most ? std::to_string(most) : fmt::format("{} to {}", least, most);
  std::string rule = table.metric.rule == Rule::last   ? "last epoch"
                     : table.metric.rule == Rule::best ? "best epoch, chosen on the test set"
                                                       : "epoch chosen on validation data";
  std::string metric = table.metric.stage.empty()
                           ? table.metric.name
                           : fmt::format("{} of stage {}", table.metric.name, table.metric.stage);
  std::vector<std::string> lines = {fmt::format(
      "{}{}, {}; {}; done/planned", metric,
      table.metric.percent()                           ? " in %"
      : table.metric.kind.unit == store::Unit::seconds ? " in s"
                                                       : "",
      table.metric.lower_is_better() ? rule + "; lower is better" : rule,
      most > 1 ? fmt::format("mean ± sample standard deviation over n = {} seeds", samples) : std::string("n = 1"))};
  std::vector<std::string> sources;
  for (const auto& row : table.cells)
    for (const Cell& cell : row)
      if (cell.published && std::find(sources.begin(), sources.end(), cell.published->source) == sources.end())
        sources.push_back(cell.published->source);
  if (!sources.empty())
    lines.push_back(
        fmt::format("in brackets: the published number and the difference to it with its standard error; {}",
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
