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

const char* word(Mark mark) { return mark == Mark::best ? "best" : mark == Mark::second ? "second" : "none"; }

}  // namespace

std::string render_json(const Table& table) {
  Value cells = Value::array(), experiments = Value::array();
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
  for (const Table::Sample& sample : table.samples) {
    Value entry = {{"axes", header(table.axes, sample.values)}, {"identity", sample.identity}, {"value", nullptr}, {"file", nullptr}};
    if (sample.value) entry["value"] = *sample.value;
    if (!sample.file.empty()) entry["file"] = sample.file;
    experiments.push_back(std::move(entry));
  }
  Value all = {{"name", table.name}, {"question", table.question}, {"metric", table.metric.name},
               {"rule", to_string(table.metric.rule)}, {"done", table.done}, {"planned", table.planned},
               {"notes", table.notes}, {"cells", std::move(cells)}, {"experiments", std::move(experiments)}};
  return all.dump(1) + "\n";
}

}  // namespace winnow::report
