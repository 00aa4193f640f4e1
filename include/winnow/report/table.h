// The benchmark table of a sweep: rows are methods, columns what else differs, cells samples over seeds.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "winnow/report/definition.h"
#include "winnow/report/results.h"
#include "winnow/report/statistics.h"

namespace winnow::report {

enum class Mark { none, best, second };

// One metric of a cell.
struct Number {
  std::vector<double> values;          // of the experiments that are done
  std::optional<Summary> summary;      // of `values`; none while nothing is done
  Mark mark = Mark::none;              // within the column, among cells that are complete
  std::optional<Published> published;  // the literature's number for it

  // Mean minus the published value, in the unit of the published one, and its standard error: sqrt(s^2 / n + s'^2 / n')
  // where both deviations are known. Without the published one it is that of our seeds alone, a lower bound; without
  // ours there is none.
  struct Difference {
    double value;
    std::optional<double> error;
    bool ours_alone = false;
  };
  std::optional<Difference> difference(const Metric&) const;
};

struct Cell : Number {
  std::size_t planned = 0;       // experiments; 0: the sweep has none here. Of an average: seeds
  std::optional<Number> beside;  // of the table's second metric, where it has one

  std::size_t done() const { return beside ? std::min(values.size(), beside->values.size()) : values.size(); }
};

// What the header of an average says on the axis that it is over.
inline constexpr const char* kAverage = "average";

// A row or a column: the values of its axes as text, "-" where the setting does not exist.
using Header = std::vector<std::string>;

struct Table {
  std::string name, question;
  Metric metric;
  std::optional<Metric> beside;                    // of the second number of each cell
  std::vector<std::string> row_axes, column_axes;  // row_axes[0] is the method
  std::vector<Header> rows, columns;               // in order of first appearance
  std::vector<std::vector<Cell>> cells;            // [row][column]
  // Which of them are averages of others: over an axis, seed by seed, and so missing where one member is missing.
  std::set<std::size_t> average_rows, average_columns;
  // Those whose detector is its selection rule alone, on a network trained with plain cross-entropy (train_rule =
  // "ce"), and what their header says of it.
  std::map<std::size_t, std::string> rule_alone_rows, rule_alone_columns;
  std::size_t planned = 0, done = 0;  // experiments
  std::vector<std::string> notes;
  std::map<std::string, std::string> labels;  // of header values, human-readable

  // One line an experiment: what the table is computed from.
  struct Sample {
    std::vector<std::string> values;  // of `axes`
    std::string identity;
    std::optional<double> value, beside;
    std::string digest;  // result digest of `file`
    std::string file;    // empty: not done
  };
  std::vector<std::string> axes;  // all that differ, seeds included
  std::vector<Sample> samples;
};

Table build_table(const sweep::Plan&, const Results&, const Metric&);
// The same as a definition wants it. UsageError naming file, line and the nearest known axis or value for what does not
// fit the sweep: axes, conditions that no experiment meets, published numbers without a cell.
// `beside`: results of the definition's second metric, where it has one.
Table build_table(const sweep::Plan&, const Results&, const Definition&, const Results* beside = nullptr);
std::vector<Table> build_tables(const sweep::Plan&, store::RunReader&, const std::vector<Definition>&);

}  // namespace winnow::report
