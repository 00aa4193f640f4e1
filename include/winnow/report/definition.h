// Table definitions: which experiments of a sweep make a table, what its rows and columns are, and the published
// numbers beside it. analysis/README.md is the language.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/report/results.h"
#include "winnow/sweep/toml_text.h"

namespace winnow::report {

// A number from the literature, in the unit in which the table shows its metric (percent for shares).
struct Published {
  std::optional<double> value;  // none: "not available", where the paper's number could not be had
  std::optional<double> deviation;
  std::optional<std::size_t> n;
  std::string source;  // "Lv et al. 2020, table 2"
};

struct Definition {
  // Values of an axis, as the report writes them ("0.1", "flip"); one of them must hold.
  using Where = std::map<std::string, std::vector<std::string>>;
  // For one cell; "not available" may stand for several.
  struct Reference {
    Where where;
    Published published;
    std::optional<double> beside;  // of the second number of the cell
    sweep::Place place;
  };

  std::string name, title;
  std::vector<std::string> sweeps;            // names of the sweeps that it belongs to; empty: any
  Where where;                                // which experiments; empty: all
  std::vector<std::string> rows, columns;     // axes; empty: as the report arranges them by itself
  std::map<std::string, std::string> labels;  // of values, human-readable: "detect-train" -> "CE on cleaned labels"
  Metric metric;
  std::optional<Metric>
      beside;  // a second number in each cell: recall beside precision, the last epoch beside the best
  std::vector<std::string> average;  // axes of rows or columns: one more row or column is the average over each
  std::vector<Reference> published;
  sweep::Place place;
};

// UsageError with file, line, key and the nearest known one.
std::vector<Definition> read_definitions(const Path&);

}  // namespace winnow::report
