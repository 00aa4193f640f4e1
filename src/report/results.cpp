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

namespace {

// The stage with this label among those that lead to a cell. UsageError when no experiment has one is left to the caller.
std::optional<std::uint32_t> node_of(const sweep::Plan& plan, std::uint32_t cell, const std::string& stage) {
  if (stage.empty() || plan.nodes()[cell].label == stage) return cell;
  for (std::uint32_t input : plan.nodes()[cell].inputs)
    if (std::optional<std::uint32_t> found = node_of(plan, input, stage)) return found;
  return std::nullopt;
}

void require_stage(const sweep::Plan& plan, const std::string& stage) {
  std::set<std::string> labels;
  for (const sweep::Node& node : plan.nodes()) labels.insert(std::string(node.label));
  if (stage.empty() || labels.count(stage)) return;
  throw UsageError(fmt::format("the sweep {} has no stage '{}'{}: it has {}", plan.name(), stage, did_you_mean(stage, {labels.begin(), labels.end()}), fmt::join(labels, ", ")));
}

}  // namespace

std::string_view to_string(Rule rule) { return rule == Rule::last ? "last" : "best"; }

Rule parse_rule(std::string_view text) {
  if (text == "last") return Rule::last;
  if (text == "best") return Rule::best;
  throw UsageError(fmt::format("unknown rule '{}'{}: expected last or best", text, did_you_mean(text, {"last", "best"})));
}

std::string Metric::column() const { return rule == Rule::best ? name + "_best" : name; }
bool Metric::percent() const { return name.starts_with("accuracy") || name.starts_with("selection_"); }

Metric Metric::named(const std::string& text, Rule rule) {
  std::size_t dot = text.find('.');
  if (dot == std::string::npos) return {"", text, rule};
  return {text.substr(0, dot), text.substr(dot + 1), rule};
}
bool Metric::lower_is_better() const {
  return name.find("loss") != std::string::npos || name.find("error") != std::string::npos;
}

Results read_results(const sweep::Plan& plan, const store::Store& store, const Metric& metric) {
  require_stage(plan, metric.stage);
  Results results;
  std::map<std::uint32_t, Run> runs;                // by node: experiments may share one
  std::set<std::string> columns;
  std::size_t without = 0, with = 0;
  for (std::size_t i = 0; i < plan.experiments(); ++i) {
    std::optional<std::uint32_t> wanted = node_of(plan, plan.cell_node(i), metric.stage);
    if (!wanted) {
      results.experiments.push_back({});
      continue;
    }
    std::uint32_t node = *wanted;
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
