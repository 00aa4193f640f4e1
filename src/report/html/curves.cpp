// Curves for the page, from the run files of a table's experiments.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "../formatting.h"
#include "rounds.h"
#include "winnow/report/page.h"

namespace winnow::report {

namespace {

constexpr std::size_t kColours = 8;  // of the page
constexpr const char* kEmptyClasses = "selection_empty_classes";

using Curve = std::vector<double>;

std::map<std::string, Curve> read_curves(store::RunReader& runs, const Identity& identity) {
  std::map<std::string, Curve> result;
  if (const store::RunReader::Run* run = runs.find(identity))
    for (store::Column& column : run->epochs()) result[column.name] = std::get<Curve>(std::move(column.values));
  return result;
}

// Curves of the stage and, by the names that it lacks, of the stages that feed it.
std::map<std::string, Curve> curves_of(const sweep::Plan& plan, store::RunReader& runs, std::uint32_t node) {
  std::map<std::string, Curve> result = read_curves(runs, plan.nodes()[node].identity);
  for (std::uint32_t input : plan.nodes()[node].inputs)
    if (plan.nodes()[input].label != "backbone") {
      std::map<std::string, Curve> earlier = curves_of(plan, runs, input);
      result.merge(earlier);
    }
  return result;
}

Line average(const std::string& name, const std::vector<Curve>& runs, double factor, double first) {
  Line line{.name = name, .n = runs.size()};
  std::size_t epochs = 0;
  for (const Curve& run : runs) epochs = std::max(epochs, run.size());
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    std::vector<double> values;
    for (const Curve& run : runs)
      if (epoch < run.size()) values.push_back(factor * run[epoch]);
    Summary summary = summarise(values);
    line.x.push_back(first + static_cast<double>(epoch));
    line.mean.push_back(summary.mean);
    line.deviation.push_back(summary.deviation.value_or(0));
  }
  return line;
}

bool is_drawn(const std::string& name, const std::string& metric) {
  return name == metric || name == "selection_precision" || name == "selection_recall" || name == "selection_f1" ||
         name == kEmptyClasses;
}

bool all_zero(const std::map<std::size_t, std::vector<Curve>>& rows) {
  for (const auto& [r, curves] : rows)
    for (const Curve& curve : curves)
      if (std::any_of(curve.begin(), curve.end(), [](double value) { return value != 0; })) return false;
  return true;
}

// A table's rows in panels as equal as can be, of as many as there are colours at most.
std::size_t rows_in_panel(std::size_t rows) {
  std::size_t panels = (rows + kColours - 1) / kColours;
  return panels ? (rows + panels - 1) / panels : 1;
}

// winnow's selection metrics are; a foreign trainer may use their names for percents.
bool is_share(const std::map<std::size_t, std::vector<Curve>>& rows) {
  for (const auto& [r, curves] : rows)
    for (const Curve& curve : curves)
      if (std::any_of(curve.begin(), curve.end(), [](double value) { return value < 0 || value > 1; })) return false;
  return true;
}

}  // namespace

void add_curves(Page& page, const Table& table, const sweep::Plan& plan, store::RunReader& runs) {
  // column -> quantity -> row -> runs
  std::map<std::size_t, std::map<std::string, std::map<std::size_t, std::vector<Curve>>>> found;
  std::map<std::string, std::uint32_t> node_of;
  for (std::size_t i = 0; i < plan.experiments(); ++i)
    node_of[plan.nodes()[plan.cell_node(i)].identity.hex()] = plan.cell_node(i);
  auto index = [](const std::vector<std::string>& axes, const std::vector<std::string>& wanted) {
    std::vector<std::size_t> result;
    for (const std::string& axis : wanted)
      result.push_back(static_cast<std::size_t>(std::find(axes.begin(), axes.end(), axis) - axes.begin()));
    return result;
  };
  std::vector<std::size_t> row_at = index(table.axes, table.row_axes), column_at = index(table.axes, table.column_axes);
  for (const Table::Sample& sample : table.samples) {
    if (!sample.value) continue;
    auto header = [&](const std::vector<std::size_t>& at, const Header& otherwise) {
      Header result;
      for (std::size_t k = 0; k < at.size(); ++k)
        result.push_back(at[k] < sample.values.size() ? sample.values[at[k]] : otherwise[k]);
      return result;
    };
    auto row = std::find(table.rows.begin(), table.rows.end(), header(row_at, table.rows.front()));
    auto column = std::find(table.columns.begin(), table.columns.end(), header(column_at, table.columns.front()));
    if (row == table.rows.end() || column == table.columns.end() || !node_of.count(sample.identity)) continue;
    auto r = static_cast<std::size_t>(row - table.rows.begin()),
         c = static_cast<std::size_t>(column - table.columns.begin());
    for (auto& [name, curve] : curves_of(plan, runs, node_of.at(sample.identity)))
      if (is_drawn(name, table.metric.name)) found[c][name][r].push_back(std::move(curve));
    for (auto& [name, curve] : rounds_of(plan, runs, node_of.at(sample.identity)))
      found[c][name][r].push_back(std::move(curve));
  }
  std::size_t in_panel = rows_in_panel(table.rows.size());
  for (auto& [c, quantities] : found)
    for (auto& [quantity, rows] : quantities) {
      bool learning = quantity == table.metric.name, round = quantity == kRoundPrecision || quantity == kRoundCoverage;
      if (!learning && quantity == kEmptyClasses && all_zero(rows)) continue;
      std::string title = table.columns[c].empty() ? "" : column_title(table, c);
      bool counts = quantity == kEmptyClasses;
      std::string what = learning || round ? quantity
                         : counts          ? "classes without a selected sample"
                                           : quantity.substr(quantity.find('_') + 1);
      double factor = learning ? (table.metric.percent() ? 100 : 1) : !counts && is_share(rows) ? 100 : 1;
      Chart chart{
          title.empty() ? table.name : title, factor == 100 ? what + " in %" : what, {}, round ? "round" : "epoch"};
      for (auto& [r, runs] : rows) {
        chart.lines.push_back(average(row_title(table, r), runs, factor, round ? 1 : 0));
        chart.lines.back().colour = r % in_panel;
        chart.lines.back().panel = r / in_panel;
      }
      if (std::any_of(chart.lines.begin(), chart.lines.end(), [](const Line& line) { return line.x.size() > 1; }))
        (learning ? page.learning : round ? page.rounds : page.selection).push_back(std::move(chart));
    }
}

void add_curves(Page& page, const Table& table, const sweep::Plan& plan, const store::Store& store) {
  store::RunReader runs(store);
  add_curves(page, table, plan, runs);
}

}  // namespace winnow::report
