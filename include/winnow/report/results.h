// What the experiments of a sweep came to, as far as they are done.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "winnow/store/run_reader.h"
#include "winnow/sweep/plan.h"

namespace winnow::report {

// Which epoch's value: the last one's, the best one's (chosen on the test set, and the table says so), or that of the
// epoch chosen on validation data.
enum class Rule { last, best, validation };
std::string_view to_string(Rule);
Rule parse_rule(std::string_view);  // UsageError

struct Metric {
  std::string stage;  // of an earlier stage of the recipe ("detect"); "": of the one that yields the cell
  std::string name = "accuracy";
  Rule rule = Rule::last;
  std::optional<int> digits;                   // shown after the point; none: two for shares, else four that count
  store::MetricKind kind{store::Unit::share};  // before results are read: of winnow's own metric of that name

  static Metric named(const std::string& text, Rule = Rule::last);  // "accuracy", "detect.selection_f1"
  std::string column() const;  // of metrics/final: "accuracy", "accuracy_best", "accuracy_validation"
  bool percent() const { return kind.unit == store::Unit::share; }  // shares are shown in percent
  bool lower_is_better() const { return kind.better == store::Better::low; }
};

struct Result {
  std::optional<double> value;  // none: not done, damaged, without this metric, or not a number (NaN)
  bool not_a_number = false;
  std::optional<std::string> file;  // its path; a result without a value has no such metric
  std::string digest;               // result digest of that file
};

// Where a stage's result comes from: revision of the code, and kind of device ("" where that is not known).
struct Origin {
  std::string code_version, device;
};

struct Results {
  std::vector<Result> experiments;  // by experiment
  store::MetricKind kind;           // of the metric: what the run files say, else winnow's own of that name, else raw
  // By node of the plan, of all stages that values rest on. Not of pre-trained backbones: they are data that everybody
  // shares, and the digest says which.
  std::unordered_map<std::uint32_t, Origin> origins;
  bool comparable = true;          // one kind in all run files: means and ranks make sense
  std::vector<std::string> notes;  // damaged run files, results that disagree
};

// Shares outside 0 to 1 are no shares: shown as they are, with a note. Where run files disagree on what the metric is,
// or some of its shares are none, the results are not comparable. UsageError if there are results and none has the
// metric, if the sweep has no such stage, and for figures oracle_*, which are chosen on the test split and are no
// results (docs/methods/unsupervised.md#8). The reader is the same for all metrics of a report, so that each run file
// is read once.
Results read_results(const sweep::Plan&, store::RunReader&, const Metric&);
Results read_results(const sweep::Plan&, const store::Store&, const Metric&);

}  // namespace winnow::report
