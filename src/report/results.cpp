#include "winnow/report/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "winnow/core/error.h"

namespace winnow::report {

namespace {

// The stage with this label among those that lead to a cell. UsageError when no experiment has one is left to the caller.
std::optional<std::uint32_t> node_of(const sweep::Plan& plan, std::uint32_t cell, const std::string& stage) {
  if (stage.empty() || plan.nodes()[cell].label == stage) return cell;
  for (std::uint32_t input : plan.nodes()[cell].inputs)
    if (std::optional<std::uint32_t> found = node_of(plan, input, stage)) return found;
  return std::nullopt;
}

void require_stage(const sweep::Plan& plan, const std::string& stage) {
  if (stage.empty()) return;
  std::set<std::string> labels;
  for (const sweep::Node& node : plan.nodes()) labels.insert(std::string(node.label));
  if (labels.count(stage)) return;
  throw UsageError(fmt::format("the sweep {} has no stage '{}'{}: it has {}", plan.name(), stage, did_you_mean(stage, {labels.begin(), labels.end()}), fmt::join(labels, ", ")));
}

}  // namespace

namespace {

const std::vector<std::string> kRules = {"last", "best", "validation"};      // in the order of Rule

}  // namespace

std::string_view to_string(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }

Rule parse_rule(std::string_view text) {
  auto found = std::find(kRules.begin(), kRules.end(), text);
  if (found == kRules.end()) throw UsageError(fmt::format("unknown rule '{}'{}: expected last, best or validation", text, did_you_mean(text, kRules)));
  return static_cast<Rule>(found - kRules.begin());
}

std::string Metric::column() const { return rule == Rule::last ? name : fmt::format("{}_{}", name, to_string(rule)); }
bool Metric::percent() const { return name.starts_with("accuracy") || name.starts_with("f1_") || name.starts_with("selection_"); }

Metric Metric::named(const std::string& text, Rule rule) {
  std::size_t dot = text.find('.');
  if (dot == std::string::npos) return {"", text, rule};
  return {text.substr(0, dot), text.substr(dot + 1), rule};
}
bool Metric::lower_is_better() const {
  return name.find("loss") != std::string::npos || name.find("error") != std::string::npos;
}

namespace {

constexpr std::size_t kNamed = 3;                   // of many disagreements

void add_disagreements(const store::RunReader& runs, std::vector<std::string>& notes) {
  const auto& found = runs.disagreements();
  for (std::size_t i = 0; i < std::min(found.size(), kNamed); ++i)
    notes.push_back(fmt::format("two results for one identity that differ: {} (used) and {}", found[i].used.string(), found[i].other.string()));
  if (found.size() > kNamed) notes.push_back(fmt::format("... and {} more such pairs", found.size() - kNamed));
}

}  // namespace

Results read_results(const sweep::Plan& plan, store::RunReader& runs, const Metric& metric) {
  require_stage(plan, metric.stage);
  Results results;
  results.experiments.resize(plan.experiments());
  std::string column = metric.column();
  std::set<std::uint32_t> without;                  // nodes: experiments may share one
  std::set<std::string> columns;
  bool some = false;
  std::vector<std::optional<std::uint32_t>> nodes(plan.experiments());
  std::vector<Identity> identities;
  for (std::size_t i = 0; i < plan.experiments(); ++i)
    if ((nodes[i] = node_of(plan, plan.cell_node(i), metric.stage))) identities.push_back(plan.nodes()[*nodes[i]].identity);
  runs.expect(identities);
  for (std::size_t i = 0; i < plan.experiments(); ++i) {
    std::optional<std::uint32_t> node = nodes[i];
    const store::RunReader::Run* run = node ? runs.find(plan.nodes()[*node].identity) : nullptr;
    if (!run) continue;
    results.experiments[i] = {run->final_value(column), run->file()};
    if (results.experiments[i].value) some = true;
    else if (without.insert(*node).second)
      for (std::string& known : run->columns()) columns.insert(std::move(known));
  }
  if (!without.empty() && !some)
    throw UsageError(fmt::format("no run file has the metric '{}'{}; they have: {}", column, did_you_mean(column, {columns.begin(), columns.end()}),
                                 fmt::join(columns, ", ")));
  for (const std::string& damaged : runs.damaged()) results.notes.push_back(fmt::format("not used: {}", damaged));
  add_disagreements(runs, results.notes);
  return results;
}

Results read_results(const sweep::Plan& plan, const store::Store& store, const Metric& metric) {
  store::RunReader runs(store);
  return read_results(plan, runs, metric);
}

}  // namespace winnow::report
