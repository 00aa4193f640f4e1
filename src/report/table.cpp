#include "winnow/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "averages.h"
#include "axes.h"
#include "rule_alone.h"
#include "same_value.h"
#include "winnow/core/counted.h"
#include "winnow/core/error.h"

namespace winnow::report {

namespace {

// Best and second best mean of the numbers that compete.
void mark(std::vector<Number*> numbers, bool lower_is_better) {
  std::vector<double> means;
  for (const Number* number : numbers) means.push_back(number->summary->mean);
  if (means.size() < 2) return;
  std::sort(means.begin(), means.end());
  if (!lower_is_better) std::reverse(means.begin(), means.end());
  auto second = std::find_if(means.begin(), means.end(), [&](double mean) { return !equal(mean, means[0]); });
  for (Number* number : numbers) {
    if (equal(number->summary->mean, means[0])) number->mark = Mark::best;
    else if (equal(number->summary->mean, *second)) number->mark = Mark::second;
  }
}

// Incomplete cells do not compete: their mean is over other seeds. Nor does an average of the rows beside it.
void mark_column(Table& table, std::size_t column) {
  std::vector<Number*> first, beside;
  for (std::size_t r = 0; r < table.cells.size(); ++r) {
    Cell& cell = table.cells[r][column];
    if (table.average_rows.count(r)) continue;
    auto add = [&](Number& number, std::vector<Number*>& to) {
      if (number.summary && number.values.size() == cell.planned && std::isfinite(number.summary->mean))
        to.push_back(&number);
    };
    add(cell, first);
    if (cell.beside) add(*cell.beside, beside);
  }
  mark(std::move(first), table.metric.lower_is_better());
  if (table.beside) mark(std::move(beside), table.beside->lower_is_better());
}

}  // namespace

std::optional<Number::Difference> Number::difference(const Metric& metric) const {
  if (!summary || !published || !published->value) return std::nullopt;
  double unit = metric.percent() ? 100 : 1;
  Difference result{unit * summary->mean - *published->value, std::nullopt};
  if (!summary->deviation) return result;
  double own = unit * *summary->deviation, square = own * own / static_cast<double>(summary->n);
  result.ours_alone = !(published->deviation && published->n && *published->n > 0);
  if (!result.ours_alone) square += *published->deviation * *published->deviation / static_cast<double>(*published->n);
  result.error = std::sqrt(square);
  return result;
}

namespace {

bool holds(const std::vector<std::string>& any, const std::string& value) {
  return std::find(any.begin(), any.end(), value) != any.end();
}

// Rows or columns in order of first appearance, found by the numbers of their values.
class Headers {
 public:
  void choose(const AxisValues& values, const std::vector<std::string>& axes) {
    values_ = &values;
    for (const std::string& axis : axes) axes_.push_back(*values.find(axis));
  }
  std::size_t of(std::size_t experiment, std::vector<Header>& headers) {
    key_.clear();
    for (std::size_t axis : axes_) key_.push_back(values_->number(axis, experiment));
    auto [found, fresh] = places_.try_emplace(key_, headers.size());
    if (fresh) {
      Header& header = headers.emplace_back();
      for (std::size_t axis : axes_) header.push_back(values_->text(axis, experiment));
    }
    return found->second;
  }

 private:
  const AxisValues* values_ = nullptr;
  std::vector<std::size_t> axes_;
  std::map<std::vector<std::uint32_t>, std::size_t> places_;
  std::vector<std::uint32_t> key_;
};

// The experiments of a table and where each of them stands.
class Builder {
 public:
  // `beside`: results of the definition's second metric; null where it has none.
  Builder(const sweep::Plan& plan, const Results& results, const Results* beside, const Definition& definition)
      : plan_(plan), results_(results), beside_(beside), definition_(definition), values_(plan),
        averages_(table_, values_, members_, results, beside) {}

  Table build() {
    const std::vector<std::string>& sweeps = definition_.sweeps;
    if (!sweeps.empty() && !holds(sweeps, plan_.name()))
      throw UsageError(fmt::format("{}: table {} belongs to the sweep {}, and this is {}", definition_.place.text(),
                                   definition_.name, fmt::join(sweeps, " or "), plan_.name()));
    table_.name = definition_.name;
    table_.question = definition_.title;
    table_.metric = definition_.metric;
    table_.metric.kind = results_.kind;
    table_.beside = definition_.beside;
    if (beside_) table_.beside->kind = beside_->kind;
    name_values();
    table_.notes = results_.notes;
    if (beside_)
      for (const std::string& note : beside_->notes)
        if (!holds(table_.notes, note)) table_.notes.push_back(note);
    for (const std::string& departure : plan_.departures()) table_.notes.push_back(departure);
    table_.axes = values_.axes();
    choose_experiments();
    choose_axes();
    rows_.choose(values_, table_.row_axes);
    columns_.choose(values_, table_.column_axes);
    for (std::size_t i : experiments_) add(i);
    refuse_hidden_axes();
    if (without_metric_ > 0)
      table_.notes.push_back(fmt::format("{} {} no metric '{}'", without_metric_,
                                         without_metric_ == 1 ? "run file has" : "run files have",
                                         table_.metric.column()));
    if (not_numbers_ > 0)
      table_.notes.push_back(
          fmt::format("{} not a number (NaN) and {} as missing",
                      not_numbers_ == 1 ? "one result is" : fmt::format("{} results are", not_numbers_),
                      not_numbers_ == 1 ? "counts" : "count"));
    for (auto& row : table_.cells) {
      row.resize(table_.columns.size());
      for (Cell& cell : row)
        if (beside_ && !cell.beside) cell.beside.emplace();
    }
    for (const std::string& axis : definition_.average) add_averages(axis);
    for (auto& row : table_.cells)
      for (Cell& cell : row) summarise_all(cell);
    add_published();
    averages_.publish();
    for (std::size_t column = 0; column < table_.columns.size(); ++column) mark_column(table_, column);
    note_origins();
    note_rules_alone();
    return std::move(table_);
  }

 private:
  // A condition with the axes and values under their numbers. UsageError for what the sweep does not have.
  using Conditions = std::vector<std::pair<std::size_t, std::vector<bool>>>;
  std::size_t axis(const std::string& name, const sweep::Place& place) const {
    if (std::optional<std::size_t> found = values_.find(name)) return *found;
    throw UsageError(fmt::format("{}: {} is no axis of the sweep {}{}: it has {}", place.text(), name, plan_.name(),
                                 did_you_mean(name, values_.axes()), fmt::join(values_.axes(), ", ")));
  }
  Conditions conditions(const Definition::Where& where, const sweep::Place& place) const {
    Conditions result;
    for (const auto& [name, any] : where) {
      std::size_t at = axis(name, place);
      const std::vector<std::string>& texts = values_.texts(at);
      std::vector<bool> wanted(texts.size());
      for (const std::string& value : any) {
        std::size_t found = find_value(texts, value);
        if (found == texts.size())
          throw UsageError(fmt::format("{}: no experiment has {} = {}{}: there are {}", place.text(), name, value,
                                       nearest_value(value, texts), fmt::join(texts, ", ")));
        wanted[found] = true;
      }
      result.emplace_back(at, std::move(wanted));
    }
    return result;
  }
  bool meets(const Conditions& conditions, std::size_t experiment) const {
    return std::all_of(conditions.begin(), conditions.end(),
                       [&](const auto& entry) { return entry.second[values_.number(entry.first, experiment)]; });
  }

  // Names of values by the text that the axes have: `"1" = "all"` names 1.0, too.
  void name_values() {
    for (const auto& [value, label] : definition_.labels) {
      table_.labels[value] = label;
      for (std::size_t axis = 0; axis < values_.axes().size(); ++axis)
        for (const std::string& text : values_.texts(axis))
          if (same_value(text, value) && !definition_.labels.count(text)) table_.labels[text] = label;
    }
  }

  void choose_experiments() {
    Conditions where = conditions(definition_.where, definition_.place);
    for (std::size_t i = 0; i < plan_.experiments(); ++i)
      if (meets(where, i)) experiments_.push_back(i);
    if (experiments_.empty())
      throw UsageError(
          fmt::format("{}: no experiment of {} meets all of `where`", definition_.place.text(), plan_.name()));
  }

  // By itself the report puts what describes the method into rows and all else that differs, seeds excepted, into
  // columns.
  void choose_axes() {
    for (const std::string& name : definition_.rows) axis(name, definition_.place);
    for (const std::string& name : definition_.columns) axis(name, definition_.place);
    table_.row_axes = definition_.rows.empty() ? std::vector<std::string>{"method"} : definition_.rows;
    table_.column_axes = definition_.columns;
    std::vector<bool> of_method = describes_method(values_, plan_);
    for (std::size_t at = 0; at < values_.axes().size(); ++at) {
      const std::string& name = values_.axes()[at];
      if (name == "seed" || holds(table_.row_axes, name) || holds(table_.column_axes, name) || !differs(at)) continue;
      if (of_method[at] && definition_.rows.empty()) table_.row_axes.push_back(name);
      else if (definition_.columns.empty() && !(of_method[at] && holds(table_.row_axes, "method")))
        table_.column_axes.push_back(name);
    }
  }
  // What differs between cells only (a method's own setting, say) needs no row.
  void refuse_hidden_axes() const {
    for (std::size_t at = 0; at < values_.axes().size(); ++at) {
      const std::string& name = values_.axes()[at];
      if (name == "seed" || holds(table_.row_axes, name) || holds(table_.column_axes, name)) continue;
      for (const auto& [cell, experiments] : members_)
        for (std::size_t i : experiments)
          if (values_.number(at, i) != values_.number(at, experiments.front()))
            throw UsageError(
                fmt::format("{}: {} differs among the experiments of one cell and is neither a row nor a column nor in "
                            "`where`: a mean over it would hide it",
                            definition_.place.text(), name));
    }
  }
  bool differs(std::size_t axis) const {
    return std::any_of(experiments_.begin(), experiments_.end(), [&](std::size_t i) {
      return values_.number(axis, i) != values_.number(axis, experiments_.front());
    });
  }

  void add(std::size_t i) {
    std::size_t r = rows_.of(i, table_.rows), c = columns_.of(i, table_.columns);
    if (r == table_.cells.size()) table_.cells.emplace_back();
    if (table_.cells[r].size() <= c) table_.cells[r].resize(table_.columns.size());
    members_[{r, c}].push_back(i);
    const Result& result = results_.experiments[i];
    Cell& cell = table_.cells[r][c];
    ++cell.planned;
    if (result.value) cell.values.push_back(*result.value);
    std::optional<double> second;
    if (beside_) {
      if (!cell.beside) cell.beside.emplace();
      second = beside_->experiments[i].value;
      if (second) cell.beside->values.push_back(*second);
    }
    Table::Sample sample{{},
                         plan_.nodes()[plan_.cell_node(i)].identity.hex(),
                         result.value,
                         second,
                         result.digest,
                         result.file.value_or("")};
    sample.values.reserve(values_.axes().size());
    for (std::size_t at = 0; at < values_.axes().size(); ++at) sample.values.push_back(values_.text(at, i));
    table_.samples.push_back(std::move(sample));
    ++table_.planned;
    if (result.value) ++table_.done;
    else if (result.not_a_number) ++not_numbers_;
    else if (result.file) ++without_metric_;
  }

  // Of the rows, where they name the detector, or of the columns, where those do.
  void note_rules_alone() {
    RuleAlone rule_alone(plan_, values_);
    bool columns = names_method(table_.column_axes);
    std::set<std::size_t> some, others;
    for (const auto& [cell, experiments] : members_)
      for (std::size_t i : experiments) (rule_alone.of(i) ? some : others).insert(columns ? cell.second : cell.first);
    if (some.empty()) return;
    auto& marked = columns ? table_.rule_alone_columns : table_.rule_alone_rows;
    for (std::size_t at : some)
      if (!others.count(at)) marked[at] = " (rule alone, on plain ce)";
      else if (!shows_rule()) marked[at] = " (in part rule alone, on plain ce)";
    table_.notes.push_back(
        "rule alone, on plain ce: the detector's selection rule on a network trained with cross-entropy on all given "
        "labels (train_rule = ce), not the detector's own training");
  }
  bool shows_rule() const {
    auto is_rule = [](const std::string& axis) { return axis.ends_with("train_rule"); };
    return std::ranges::any_of(table_.row_axes, is_rule) || std::ranges::any_of(table_.column_axes, is_rule);
  }

  // Numbers that stand in one table were computed by one code on one kind of device, or it says so.
  void note_origins() {
    note_several("computed by different code", &Origin::code_version);
    note_several("computed on different kinds of devices", &Origin::device);
  }
  void note_several(std::string_view what, std::string Origin::*part) {
    std::set<std::uint32_t> seen;
    std::map<std::string, std::size_t> counts;
    for (std::size_t i : experiments_)
      if (results_.experiments[i].value) count(plan_.cell_node(i), part, seen, counts);
    if (counts.size() < 2) return;
    std::vector<std::string> each;
    for (const auto& [revision, count] : counts)
      each.push_back(fmt::format("{} ({})", revision, counted(count, "stage")));
    table_.notes.push_back(fmt::format("{}: {}", what, fmt::join(each, ", ")));
  }
  void count(std::uint32_t node, std::string Origin::*part, std::set<std::uint32_t>& seen,
             std::map<std::string, std::size_t>& counts) const {
    if (!seen.insert(node).second) return;
    if (auto found = results_.origins.find(node); found != results_.origins.end() && !(found->second.*part).empty())
      ++counts[found->second.*part];
    for (std::uint32_t input : plan_.nodes()[node].inputs) count(input, part, seen, counts);
  }

  void summarise_all(Cell& cell) const {
    if (!cell.values.empty() && results_.comparable) cell.summary = summarise(cell.values);
    if (cell.beside && !cell.beside->values.empty() && beside_->comparable)
      cell.beside->summary = summarise(cell.beside->values);
  }

  void add_averages(const std::string& name) {
    axis(name, definition_.place);
    if (!averages_.add(name))
      throw UsageError(fmt::format("{}: average: {} is neither an axis of the rows nor of the columns of table {}",
                                   definition_.place.text(), name, definition_.name));
  }
  bool names_average(const Definition::Reference& reference) const {
    return std::any_of(reference.where.begin(), reference.where.end(), [&](const auto& entry) {
      return holds(definition_.average, entry.first) && holds(entry.second, kAverage);
    });
  }
  std::vector<Cell*> cells_named(const Definition::Reference& reference) {
    if (names_average(reference)) return averages_.named(reference);
    Conditions where = conditions(reference.where, reference.place);
    std::vector<Cell*> cells;
    for (const auto& [at, experiments] : members_) {
      auto met = static_cast<std::size_t>(
          std::count_if(experiments.begin(), experiments.end(), [&](std::size_t i) { return meets(where, i); }));
      if (met > 0 && met < experiments.size())
        throw UsageError(
            fmt::format("{}: `where` names {} of the {} experiments of a cell, whose number is their mean: leave the "
                        "seed out",
                        reference.place.text(), met, experiments.size()));
      if (met > 0) cells.push_back(&table_.cells[at.first][at.second]);
    }
    return cells;
  }

  void add_published() {
    for (const Definition::Reference& reference : definition_.published) {
      std::vector<Cell*> cells = cells_named(reference);
      bool several = !reference.published.value && cells.size() > 1;
      if (cells.size() != 1 && !several)
        throw UsageError(fmt::format(
            "{}: the published number fits {} cells of table {}: `where` must name exactly one", reference.place.text(),
            cells.empty() ? std::string("no") : std::to_string(cells.size()), definition_.name));
      for (Cell* cell : cells) {
        if (cell->published)
          throw UsageError(fmt::format("{}: a second published number for one cell", reference.place.text()));
        cell->published = reference.published;
        if (!cell->beside) continue;
        cell->beside->published = reference.published;
        cell->beside->published->value = reference.beside;
        cell->beside->published->deviation.reset();
      }
    }
  }

  const sweep::Plan& plan_;
  const Results& results_;
  const Results* beside_;
  const Definition& definition_;
  AxisValues values_;
  std::vector<std::size_t> experiments_;
  Headers rows_, columns_;
  std::size_t without_metric_ = 0, not_numbers_ = 0;
  ExperimentsOfCells members_;
  Table table_;
  Averages averages_;
};

}  // namespace

Table build_table(const sweep::Plan& plan, const Results& results, const Definition& definition,
                  const Results* beside) {
  if (definition.beside && !beside)
    throw InternalError("a table with a second number needs the results of its second metric");
  return Builder(plan, results, definition.beside ? beside : nullptr, definition).build();
}

std::vector<Table> build_tables(const sweep::Plan& plan, store::RunReader& runs,
                                const std::vector<Definition>& definitions) {
  std::vector<Table> tables;
  for (const Definition& definition : definitions) {
    Results results, beside;
    try {
      results = read_results(plan, runs, definition.metric);
      if (definition.beside) beside = read_results(plan, runs, *definition.beside);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}", definition.place.text(), error.what()));
    }
    tables.push_back(build_table(plan, results, definition, &beside));
  }
  return tables;
}

Table build_table(const sweep::Plan& plan, const Results& results, const Metric& metric) {
  Definition whole;
  whole.name = plan.name();
  whole.title = plan.question();
  whole.metric = metric;
  return build_table(plan, results, whole);
}

}  // namespace winnow::report
