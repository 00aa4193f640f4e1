#include "winnow/report/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "claim_samples.h"

namespace winnow::report {

namespace {

using sweep::Claim;

class Judge {
 public:
  Judge(const sweep::Plan& plan, store::RunReader& runs) : plan_(plan), runs_(runs), samples_(plan) {}

  Judgement judge(const Claim& claim) {
    Judgement result;
    result.claim = claim;
    result.metric = Metric::named(claim.metric);
    const std::vector<Result>& values = results(result.metric);
    std::vector<double> differences;
    for (const Sample& sample : samples_.of(claim)) {
      ++result.planned;
      std::optional<double> high = claim.at_most ? claim.at_most : value(sample.high, values, result.metric), low = value(sample.low, values, result.metric);
      if (high && low) differences.push_back(*high - *low);
    }
    result.done = differences.size();
    if (!differences.empty()) result.test = paired_test(differences, claim.alpha);
    decide(result);
    return result;
  }

 private:
  // In the unit of `effect`. None where an experiment is missing; NaN where a value is.
  static std::optional<double> value(const Side& side, const std::vector<Result>& values, const Metric& metric) {
    double unit = metric.percent() ? 100 : 1, least = INFINITY, largest = -INFINITY;
    for (std::size_t i : side) {
      if (!values[i].value) return std::nullopt;
      if (std::isnan(*values[i].value)) return NAN;
      least = std::min(least, unit * *values[i].value);
      largest = std::max(largest, unit * *values[i].value);
    }
    return side.size() == 1 ? largest : largest - least;
  }

  const std::vector<Result>& results(const Metric& metric) {
    auto found = results_.find(metric.stage + "." + metric.name);
    if (found == results_.end()) found = results_.emplace(metric.stage + "." + metric.name, read_results(plan_, runs_, metric).experiments).first;
    return found->second;
  }

  static void decide(Judgement& result) {
    double effect = result.claim.effect;
    if (result.done < result.planned) result.why = fmt::format("{} of {} pairs are missing", result.planned - result.done, result.planned);
    else if (!std::isfinite(result.test.mean)) result.why = "a value is not finite";
    else if (!result.test.low) result.why = "one pair tells nothing about chance";
    else if (*result.test.low > effect) result.verdict = Verdict::held;
    else if (*result.test.high < effect) result.verdict = Verdict::not_held;
    else result.why = "the interval contains the threshold";
  }

  const sweep::Plan& plan_;
  store::RunReader& runs_;
  ClaimSamples samples_;
  std::map<std::string, std::vector<Result>> results_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  return verdict == Verdict::held ? "held" : verdict == Verdict::not_held ? "not held" : "undecided";
}

std::vector<Judgement> judge(const sweep::Plan& plan, const store::Store& store) {
  store::RunReader runs(store);
  return judge(plan, runs);
}

std::vector<Judgement> judge(const sweep::Plan& plan, store::RunReader& runs) {
  std::vector<Judgement> result;
  if (plan.claims().empty()) return result;
  Judge judge(plan, runs);
  for (const Claim& claim : plan.claims()) result.push_back(judge.judge(claim));
  return result;
}

void check_claims(const sweep::Plan& plan) {
  if (plan.claims().empty()) return;
  ClaimSamples samples(plan);
  for (const Claim& claim : plan.claims()) samples.of(claim);
}

std::string numbers_of(const Judgement& result) {
  const Claim& claim = result.claim;
  std::string threshold = claim.at_most ? fmt::format("at most {:g}", *claim.at_most) : fmt::format("threshold {:g}", claim.effect);
  const char* things = claim.at_most ? "spread" : "pair";
  if (result.done == 0) return fmt::format("0 of {} {}s done; {}", result.planned, things, threshold);
  const PairedTest& test = result.test;
  std::string text, level = fmt::format("{:g} %", 100 * (1 - claim.alpha));
  if (claim.at_most) {                               // the test saw the room that is left below it
    text = fmt::format("spread {:.2f}", *claim.at_most - test.mean);
    if (test.low) text += fmt::format(" [{:.2f}, {:.2f}] at {}", *claim.at_most - *test.high, *claim.at_most - *test.low, level);
  } else {
    text = fmt::format("difference {}{:+.2f}", claim.spread ? "of spreads " : "", test.mean);
    if (test.low) text += fmt::format(" [{:.2f}, {:.2f}] at {}", *test.low, *test.high, level);
  }
  text += fmt::format(" over {} {}{}", test.n, things, test.n == 1 ? "" : "s");
  if (test.p_t && !claim.at_most) text += fmt::format(", p = {:.3g} (t)", *test.p_t);
  if (test.p_wilcoxon && !claim.at_most) text += fmt::format(", {:.3g} (Wilcoxon)", *test.p_wilcoxon);
  return text + "; " + threshold;
}

std::string render_claims(const std::vector<Judgement>& judgements, bool colour) {
  std::string text;
  for (const Judgement& result : judgements) {
    const char* code = result.verdict == Verdict::held ? "32" : result.verdict == Verdict::not_held ? "31" : "33";
    std::string verdict(to_string(result.verdict));
    text += fmt::format("{} {}\n           {}{}\n", colour ? fmt::format("\033[{}m{:<10}\033[0m", code, verdict) : fmt::format("{:<10}", verdict), result.claim.statement,
                        numbers_of(result), result.why.empty() ? "" : "; " + result.why);
  }
  return text.empty() ? "" : "claims\n" + text;
}

}  // namespace winnow::report
