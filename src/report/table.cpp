#include "winnow/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "axes.h"
#include "winnow/core/error.h"

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

std::optional<Cell::Difference> Cell::difference(const Metric& metric) const {
  if (!summary || !published || !published->value) return std::nullopt;
  double unit = metric.percent() ? 100 : 1;
  Difference result{unit * summary->mean - *published->value, std::nullopt};
  if (summary->deviation && published->deviation && published->n && *published->n > 0) {
    double own = unit * *summary->deviation, theirs = *published->deviation;
    result.error = std::sqrt(own * own / static_cast<double>(summary->n) + theirs * theirs / static_cast<double>(*published->n));
  }
  return result;
}

namespace {

bool holds(const std::vector<std::string>& any, const std::string& value) { return std::find(any.begin(), any.end(), value) != any.end(); }

// The experiments of a table and where each of them stands.
class Builder {
 public:
  Builder(const sweep::Plan& plan, const Results& results, const Definition& definition)
      : plan_(plan), results_(results), definition_(definition), axes_(axis_values(plan)) {
    for (std::size_t i = 0; i < plan.experiments(); ++i) method_.push_back(plan.settings(i).text("method"));
  }

  Table build() {
    table_.name = definition_.name;
    table_.question = definition_.title;
    table_.metric = definition_.metric;
    table_.labels = definition_.labels;
    table_.notes = results_.notes;
    table_.axes = axes_.axes;
    choose_experiments();
    choose_axes();
    for (std::size_t i : experiments_) add(i);
    for (auto& row : table_.cells)
      for (Cell& cell : row)
        if (!cell.values.empty()) cell.summary = summarise(cell.values);
    for (std::size_t column = 0; column < table_.columns.size(); ++column) mark_column(table_, column);
    add_published();
    return std::move(table_);
  }

 private:
  const std::string& value(const std::string& axis, std::size_t experiment) const {
    auto found = std::find(axes_.axes.begin(), axes_.axes.end(), axis);
    if (found == axes_.axes.end()) return method_[experiment];         // the one method of the sweep
    return axes_.values[static_cast<std::size_t>(found - axes_.axes.begin())][experiment];
  }
  void require_axis(const std::string& axis, const sweep::Place& place) const {
    if (axis == "method" || std::find(axes_.axes.begin(), axes_.axes.end(), axis) != axes_.axes.end()) return;
    throw UsageError(fmt::format("{}: {} is no axis of the sweep {}{}: it has {}", place.text(), axis, plan_.name(), did_you_mean(axis, axes_.axes),
                                 fmt::join(axes_.axes, ", ")));
  }
  bool meets(const Definition::Where& where, std::size_t experiment) const {
    return std::all_of(where.begin(), where.end(), [&](const auto& entry) { return holds(entry.second, value(entry.first, experiment)); });
  }
  void require_values(const Definition::Where& where, const sweep::Place& place) const {
    for (const auto& [axis, any] : where) {
      require_axis(axis, place);
      std::set<std::string> known;
      for (std::size_t i = 0; i < plan_.experiments(); ++i) known.insert(value(axis, i));
      for (const std::string& wanted : any)
        if (!known.count(wanted))
          throw UsageError(fmt::format("{}: no experiment has {} = {}{}: there are {}", place.text(), axis, wanted,
                                       did_you_mean(wanted, {known.begin(), known.end()}), fmt::join(known, ", ")));
    }
  }

  void choose_experiments() {
    require_values(definition_.where, definition_.place);
    for (std::size_t i = 0; i < plan_.experiments(); ++i)
      if (meets(definition_.where, i)) experiments_.push_back(i);
    if (experiments_.empty()) throw UsageError(fmt::format("{}: no experiment of {} meets all of `where`", definition_.place.text(), plan_.name()));
  }

  // By itself the report puts what describes the method into rows and all else that differs, seeds excepted, into columns.
  void choose_axes() {
    for (const std::string& axis : definition_.rows) require_axis(axis, definition_.place);
    for (const std::string& axis : definition_.columns) require_axis(axis, definition_.place);
    table_.row_axes = definition_.rows.empty() ? std::vector<std::string>{"method"} : definition_.rows;
    table_.column_axes = definition_.columns;
    std::vector<bool> of_method = describes_method(axes_, method_, plan_);
    for (std::size_t axis = 0; axis < axes_.axes.size(); ++axis) {
      const std::string& name = axes_.axes[axis];
      if (name == "seed" || holds(table_.row_axes, name) || holds(table_.column_axes, name) || !differs(name)) continue;
      if (of_method[axis] && definition_.rows.empty()) table_.row_axes.push_back(name);
      else if (definition_.columns.empty()) table_.column_axes.push_back(name);
      else
        throw UsageError(fmt::format("{}: {} differs among the experiments of this table and is neither a row nor a column nor in `where`: a mean over it would hide it",
                                     definition_.place.text(), name));
    }
  }
  bool differs(const std::string& axis) const {
    return std::any_of(experiments_.begin(), experiments_.end(), [&](std::size_t i) { return value(axis, i) != value(axis, experiments_.front()); });
  }

  Header header(const std::vector<std::string>& axes, std::size_t experiment) const {
    Header result;
    for (const std::string& axis : axes) result.push_back(value(axis, experiment));
    return result;
  }

  void add(std::size_t i) {
    std::size_t r = index_of(table_.rows, header(table_.row_axes, i)), c = index_of(table_.columns, header(table_.column_axes, i));
    table_.cells.resize(table_.rows.size());
    for (auto& cells : table_.cells) cells.resize(table_.columns.size());
    members_[{r, c}].push_back(i);
    const Result& result = results_.experiments[i];
    Cell& cell = table_.cells[r][c];
    ++cell.planned;
    if (result.value) cell.values.push_back(*result.value);
    Table::Sample sample{{}, plan_.nodes()[plan_.cell_node(i)].identity.hex(), result.value, result.file ? result.file->string() : ""};
    for (const auto& values : axes_.values) sample.values.push_back(values[i]);
    table_.samples.push_back(std::move(sample));
    ++table_.planned;
    if (result.value) ++table_.done;
  }

  void add_published() {
    for (const Definition::Reference& reference : definition_.published) {
      require_values(reference.where, reference.place);
      std::vector<Cell*> cells;
      for (const auto& [at, experiments] : members_)
        if (std::any_of(experiments.begin(), experiments.end(), [&](std::size_t i) { return meets(reference.where, i); }))
          cells.push_back(&table_.cells[at.first][at.second]);
      if (cells.size() != 1)
        throw UsageError(fmt::format("{}: the published number fits {} cells of table {}: `where` must name exactly one", reference.place.text(),
                                     cells.empty() ? std::string("no") : std::to_string(cells.size()), definition_.name));
      if (cells[0]->published) throw UsageError(fmt::format("{}: a second published number for one cell", reference.place.text()));
      cells[0]->published = reference.published;
    }
  }

  const sweep::Plan& plan_;
  const Results& results_;
  const Definition& definition_;
  AxisValues axes_;
  std::vector<std::string> method_;
  std::vector<std::size_t> experiments_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::size_t>> members_;
  Table table_;
};

}  // namespace

Table build_table(const sweep::Plan& plan, const Results& results, const Definition& definition) { return Builder(plan, results, definition).build(); }

Table build_table(const sweep::Plan& plan, const Results& results, const Metric& metric) {
  Definition whole;
  whole.name = plan.name();
  whole.title = plan.question();
  whole.metric = metric;
  return build_table(plan, results, whole);
}

}  // namespace winnow::report
