// What the experiments of a sweep came to, as far as they are done.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/store/store.h"
#include "winnow/sweep/plan.h"

namespace winnow::report {

enum class Rule { last, best };                     // of the epochs; `best` looks at the test set and is named in the table
std::string_view to_string(Rule);
Rule parse_rule(std::string_view);                  // UsageError

struct Metric {
  std::string stage;                                // of an earlier stage of the recipe ("detect"); "": of the one that yields the cell
  std::string name = "accuracy";
  Rule rule = Rule::last;

  static Metric named(const std::string& text, Rule = Rule::last);    // "accuracy", "detect.selection_f1"
  std::string column() const;                       // of metrics/final: "accuracy", "accuracy_best"
  bool percent() const;                             // shares are shown in percent
  bool lower_is_better() const;                     // losses and errors
};

struct Result {
  std::optional<double> value;                      // none: not done, damaged, or without this metric
  std::optional<Path> file;
};

struct Results {
  std::vector<Result> experiments;                  // by experiment
  std::vector<std::string> notes;                   // damaged run files, runs without the metric
};

// Reads each run file once, its last metrics only. UsageError if there are results and none has the metric.
Results read_results(const sweep::Plan&, const store::Store&, const Metric&);

}  // namespace winnow::report
