#include "winnow/report/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "winnow/core/error.h"
#include "winnow/core/words.h"

namespace winnow::report {

namespace {

// The stage with this label among those that lead to a cell. UsageError when no experiment has one is left to the
// caller.
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
  throw UsageError(fmt::format("the sweep {} has no stage '{}'{}: it has {}", plan.name(), stage,
                               did_you_mean(stage, {labels.begin(), labels.end()}), fmt::join(labels, ", ")));
}

constexpr Words<Rule>::Entry kRuleWords[] = {
    {Rule::last, "last"}, {Rule::best, "best"}, {Rule::validation, "validation"}};
constexpr Words<Rule> kRules("rule", kRuleWords);

}  // namespace

std::string_view to_string(Rule rule) { return kRules.name(rule); }
Rule parse_rule(std::string_view text) { return kRules.parse(text); }

std::string Metric::column() const { return rule == Rule::last ? name : fmt::format("{}_{}", name, to_string(rule)); }

namespace {

// Undeclared: a raw number, of which less is better where its name says that it counts what is wrong.
store::MetricKind undeclared(std::string_view name) {
  store::MetricKind kind;
  for (std::size_t start = 0; start <= name.size();) {
    std::size_t end = std::min(name.find('_', start), name.size());
    std::string_view word = name.substr(start, end - start);
    if (word == "loss" || word == "error" || word == "errors") kind.better = store::Better::low;
    start = end + 1;
  }
  return kind;
}

}  // namespace

Metric Metric::named(const std::string& text, Rule rule) {
  std::size_t dot = text.find('.');
  Metric metric;
  metric.stage = dot == std::string::npos ? "" : text.substr(0, dot);
  metric.name = dot == std::string::npos ? text : text.substr(dot + 1);
  metric.rule = rule;
  metric.kind = store::declared_metric(metric.name).value_or(undeclared(metric.name));
  return metric;
}

namespace {

constexpr std::size_t kNamed = 3;  // of many disagreements

void add_disagreements(const store::RunReader& runs, std::vector<std::string>& notes) {
  const auto& found = runs.disagreements();
  for (std::size_t i = 0; i < std::min(found.size(), kNamed); ++i)
    notes.push_back(fmt::format("two results for one identity that differ: {} (used) and {}", found[i].used.string(),
                                found[i].other.string()));
  if (found.size() > kNamed) notes.push_back(fmt::format("... and {} more such pairs", found.size() - kNamed));
}

// What the values are. Run files say it of the column, or of the metric whose best epoch the column is of.
class Kinds {
 public:
  explicit Kinds(const Metric& metric) : metric_(metric), column_(metric.column()) {}

  void add(const store::RunReader::Run& run, double value) {
    std::optional<store::MetricKind> said = run.kind(column_);
    if (!said) said = run.kind(metric_.name);
    ++found_[said.value_or(metric_.kind)], ++count_;
    constexpr double kRounding = 1e-9;
    if (value < -kRounding || value > 1 + kRounding) ++no_share_, example_ = value;
  }
  bool comparable() const {
    return found_.size() < 2 &&
           (no_share_ == 0 || no_share_ == count_ || found_.begin()->first.unit != store::Unit::share);
  }
  store::MetricKind kind(std::vector<std::string>& notes) const {
    if (found_.empty()) return metric_.kind;
    store::MetricKind kind = found_.begin()->first;
    if (found_.size() > 1) {
      std::vector<std::string> each;
      for (const auto& [other, count] : found_)
        each.push_back(fmt::format("{}, {} is better, in {}", store::to_string(other.unit),
                                   store::to_string(other.better), count));
      notes.push_back(
          fmt::format("run files disagree on what {} is ({}): no means are taken", column_, fmt::join(each, "; ")));
      return {store::Unit::value, metric_.kind.better};
    }
    if (kind.unit != store::Unit::share || no_share_ == 0) return kind;
    if (no_share_ < count_) {
      notes.push_back(
          fmt::format("{} is a share, 0 to 1, and {} of {} run files have another value ({:g}): no means are taken",
                      column_, no_share_, count_, example_));
      return {store::Unit::value, kind.better};
    }
    notes.push_back(fmt::format("{} is a share, 0 to 1, and {} {} another value ({:g}): shown as it is stored", column_,
                                no_share_, no_share_ == 1 ? "run file has" : "run files have", example_));
    return {store::Unit::value, kind.better};
  }

 private:
  const Metric& metric_;
  std::string column_;
  std::map<store::MetricKind, std::size_t> found_;
  std::size_t no_share_ = 0, count_ = 0;
  double example_ = 0;
};

void add_origins(const sweep::Plan& plan, store::RunReader& runs, std::uint32_t node,
                 std::unordered_map<std::uint32_t, Origin>& origins) {
  if (plan.nodes()[node].label == "backbone" || origins.count(node)) return;
  if (const store::RunReader::Run* run = runs.find(plan.nodes()[node].identity))
    origins.emplace(node, Origin{run->code_version(), run->device()});
  for (std::uint32_t input : plan.nodes()[node].inputs) add_origins(plan, runs, input, origins);
}

}  // namespace

Results read_results(const sweep::Plan& plan, store::RunReader& runs, const Metric& metric) {
  require_stage(plan, metric.stage);
  if (metric.name.starts_with("oracle_"))
    throw UsageError(fmt::format(
        "{} is no result: it was chosen on the test split; run files keep it (`winnow show RUN`), tables do "
        "not show it",
        metric.name));
  Results results;
  results.experiments.resize(plan.experiments());
  Kinds kinds(metric);
  std::string column = metric.column();
  std::set<std::uint32_t> without;  // nodes: experiments may share one
  std::set<std::string> columns;
  bool some = false;
  std::vector<std::optional<std::uint32_t>> nodes(plan.experiments());
  std::vector<Identity> identities;
  for (std::size_t i = 0; i < plan.experiments(); ++i)
    if ((nodes[i] = node_of(plan, plan.cell_node(i), metric.stage)))
      identities.push_back(plan.nodes()[*nodes[i]].identity);
  runs.expect(identities);
  for (std::size_t i = 0; i < plan.experiments(); ++i) {
    std::optional<std::uint32_t> node = nodes[i];
    const store::RunReader::Run* run = node ? runs.find(plan.nodes()[*node].identity) : nullptr;
    if (!run) continue;
    std::optional<double> value = run->final_value(column);
    bool not_a_number = value && std::isnan(*value);
    results.experiments[i] = {not_a_number ? std::nullopt : value, not_a_number, run->file(),
                              run->result_digest().hex()};
    add_origins(plan, runs, *node, results.origins);
    if (not_a_number) some = true;
    else if (results.experiments[i].value) some = true, kinds.add(*run, *results.experiments[i].value);
    else if (without.insert(*node).second)
      for (std::string& known : run->columns()) columns.insert(std::move(known));
  }
  if (!without.empty() && !some)
    throw UsageError(fmt::format("no run file has the metric '{}'{}; they have: {}", column,
                                 did_you_mean(column, {columns.begin(), columns.end()}), fmt::join(columns, ", ")));
  results.kind = kinds.kind(results.notes);
  results.comparable = kinds.comparable();
  for (const std::string& damaged : runs.damaged()) results.notes.push_back(fmt::format("not used: {}", damaged));
  add_disagreements(runs, results.notes);
  return results;
}

Results read_results(const sweep::Plan& plan, const store::Store& store, const Metric& metric) {
  store::RunReader runs(store);
  return read_results(plan, runs, metric);
}

}  // namespace winnow::report
