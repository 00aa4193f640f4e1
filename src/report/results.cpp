#include "winnow/report/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "winnow/core/error.h"

namespace winnow::report {

namespace {

struct Run {
  Result result;
  std::vector<std::string> columns;                 // of metrics/final
};

std::optional<double> first_value(const store::Column& column) {
  return std::visit([](const auto& values) -> std::optional<double> {
    if (values.empty()) return std::nullopt;
    return static_cast<double>(values.front());
  }, column.values);
}

Run read_run(const Path& file, const std::string& wanted) {
  Run run{{std::nullopt, file}, {}};
  store::RunContent content = store::read_run_file(file, false);
  for (const store::Column& column : content.tables["metrics/final"]) {
    run.columns.push_back(column.name);
    if (column.name == wanted) run.result.value = first_value(column);
  }
  return run;
}

}  // namespace

std::string_view to_string(Rule rule) { return rule == Rule::last ? "last" : "best"; }

Rule parse_rule(std::string_view text) {
  if (text == "last") return Rule::last;
  if (text == "best") return Rule::best;
  throw UsageError(fmt::format("unknown rule '{}'{}: expected last or best", text, did_you_mean(text, {"last", "best"})));
}

std::string Metric::column() const { return rule == Rule::best ? name + "_best" : name; }
bool Metric::percent() const { return name.rfind("accuracy", 0) == 0; }
bool Metric::lower_is_better() const {
  return name.find("loss") != std::string::npos || name.find("error") != std::string::npos;
}

Results read_results(const sweep::Plan& plan, const store::Store& store, const Metric& metric) {
  Results results;
  std::map<std::uint32_t, Run> runs;                // by node: experiments may share one
  std::set<std::string> columns;
  std::size_t without = 0, with = 0;
  for (std::size_t i = 0; i < plan.experiments(); ++i) {
    std::uint32_t node = plan.cell_node(i);
    auto [found, fresh] = runs.try_emplace(node);
    if (fresh)
      if (std::optional<Path> file = store.find(plan.nodes()[node].identity, false)) try {
          found->second = read_run(*file, metric.column());
          columns.insert(found->second.columns.begin(), found->second.columns.end());
          ++(found->second.result.value ? with : without);
        } catch (const DataError& error) {
          results.notes.push_back(fmt::format("counted as missing: {}", error.what()));
        }
    results.experiments.push_back(found->second.result);
  }
  if (without > 0 && with == 0)
    throw UsageError(fmt::format("no run file has the metric '{}'{}; they have: {}", metric.column(),
                                 did_you_mean(metric.column(), {columns.begin(), columns.end()}), fmt::join(columns, ", ")));
  if (without > 0) results.notes.push_back(fmt::format("{} run files have no metric '{}'", without, metric.column()));
  return results;
}

}  // namespace winnow::report
