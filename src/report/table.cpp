#include "winnow/report/table.h"

#include <algorithm>
#include <cmath>

#include "axes.h"

namespace winnow::report {

namespace {

std::size_t index_of(std::vector<Header>& headers, const Header& header) {
  auto found = std::find(headers.begin(), headers.end(), header);
  if (found != headers.end()) return static_cast<std::size_t>(found - headers.begin());
  headers.push_back(header);
  return headers.size() - 1;
}

// Best and second best mean of a column. Incomplete cells do not compete: their mean is over other seeds.
void mark_column(Table& table, std::size_t column) {
  std::vector<double> means;
  auto competes = [](const Cell& cell) { return cell.summary && cell.done() == cell.planned && std::isfinite(cell.summary->mean); };
  for (const auto& row : table.cells)
    if (competes(row[column])) means.push_back(row[column].summary->mean);
  if (means.size() < 2) return;
  std::sort(means.begin(), means.end());
  if (!table.metric.lower_is_better()) std::reverse(means.begin(), means.end());
  means.erase(std::unique(means.begin(), means.end()), means.end());
  for (auto& row : table.cells) {
    if (!competes(row[column])) continue;
    if (row[column].summary->mean == means[0]) row[column].mark = Mark::best;
    else if (means.size() > 1 && row[column].summary->mean == means[1]) row[column].mark = Mark::second;
  }
}

}  // namespace

Table build_table(const sweep::Plan& plan, const Results& results, const Metric& metric) {
  Table table;
  table.name = plan.name();
  table.question = plan.question();
  table.metric = metric;
  table.notes = results.notes;
  AxisValues axes = axis_values(plan);
  table.axes = axes.axes;
  std::vector<std::string> method;
  for (std::size_t i = 0; i < plan.experiments(); ++i) method.push_back(plan.settings(i).text("method"));
  std::vector<bool> of_method = describes_method(axes, method, plan);
  table.row_axes = {"method"};
  std::vector<std::size_t> row_axes, column_axes;
  for (std::size_t axis = 0; axis < axes.axes.size(); ++axis) {
    if (axes.axes[axis] == "method" || axes.axes[axis] == "seed") continue;
    (of_method[axis] ? row_axes : column_axes).push_back(axis);
    (of_method[axis] ? table.row_axes : table.column_axes).push_back(axes.axes[axis]);
  }
  for (std::size_t i = 0; i < plan.experiments(); ++i) {
    Header row{method[i]}, column;
    for (std::size_t axis : row_axes) row.push_back(axes.values[axis][i]);
    for (std::size_t axis : column_axes) column.push_back(axes.values[axis][i]);
    std::size_t r = index_of(table.rows, row), c = index_of(table.columns, column);
    table.cells.resize(table.rows.size());
    for (auto& cells : table.cells) cells.resize(table.columns.size());
    const Result& result = results.experiments[i];
    Cell& cell = table.cells[r][c];
    ++cell.planned;
    if (result.value) cell.values.push_back(*result.value);
    Table::Sample sample{{}, plan.nodes()[plan.cell_node(i)].identity.hex(), result.value, result.file ? result.file->string() : ""};
    for (const auto& values : axes.values) sample.values.push_back(values[i]);
    table.samples.push_back(std::move(sample));
    ++table.planned;
    if (result.value) ++table.done;
  }
  for (auto& row : table.cells)
    for (Cell& cell : row)
      if (!cell.values.empty()) cell.summary = summarise(cell.values);
  for (std::size_t column = 0; column < table.columns.size(); ++column) mark_column(table, column);
  return table;
}

}  // namespace winnow::report
