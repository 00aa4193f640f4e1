// Averages over an axis of a table: one more row or column for each combination of the other axes.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "axes.h"
#include "winnow/report/table.h"

namespace winnow::report {

using CellPlace = std::pair<std::size_t, std::size_t>;  // row and column
using ExperimentsOfCells = std::map<CellPlace, std::vector<std::size_t>>;

class Averages {
 public:
  // All that is named outlives this; `beside` may be null.
  Averages(Table&, const AxisValues&, const ExperimentsOfCells&, const Results&, const Results* beside);

  // Rows or columns whose values are means over those of this axis, seed by seed. False: no axis of either.
  bool add(const std::string& axis);

  // The published numbers' own averages, where no member lacks one and the definition says none.
  void publish();

  // The averages whose headers say what the reference's `where` does.
  std::vector<Cell*> named(const Definition::Reference&);

 private:
  Cell average_of(const CellPlace&, std::vector<CellPlace> members);

  Table& table_;
  const AxisValues& values_;
  const ExperimentsOfCells& experiments_;
  const Results& results_;
  const Results* beside_;
  std::vector<std::pair<CellPlace, std::vector<CellPlace>>> averages_;  // and their members
};

}  // namespace winnow::report
