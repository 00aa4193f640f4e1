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
    const Results& read = results(result.metric);
    result.metric.kind = read.kind;
    const std::vector<Result>& values = read.experiments;
    std::vector<double> differences;
    double scale = 0;
    for (const Sample& sample : samples_.of(claim)) {
      ++result.planned;
      std::optional<double> high = claim.at_most ? claim.at_most : value(sample.high, values, result.metric),
                            low = value(sample.low, values, result.metric);
      if (!high || !low) continue;
      differences.push_back(*high - *low);
      for (const Side* side : {&sample.high, &sample.low})
        for (std::size_t i : *side)
          scale = std::max(scale, std::abs(unit(result.metric) * values[i].value.value_or(0)));
    }
    result.done = differences.size();
    if (!differences.empty()) result.test = paired_test(differences, claim.alpha, kEqual * scale);
    if (read.comparable) decide(result, scale);
    else result.why = fmt::format("run files disagree on what {} is", result.metric.column());
    return result;
  }

 private:
  static double unit(const Metric& metric) { return metric.percent() ? 100 : 1; }

  // In the unit of `effect`. None where an experiment is missing; NaN where a value is.
  static std::optional<double> value(const Side& side, const std::vector<Result>& values, const Metric& metric) {
    double unit = Judge::unit(metric), least = INFINITY, largest = -INFINITY;
    for (std::size_t i : side) {
      if (values[i].not_a_number) return NAN;
      if (!values[i].value) return std::nullopt;
      least = std::min(least, unit * *values[i].value);
      largest = std::max(largest, unit * *values[i].value);
    }
    return side.size() == 1 ? largest : largest - least;
  }

  const Results& results(const Metric& metric) {
    auto found = results_.find(metric.stage + "." + metric.name);
    if (found == results_.end())
      found = results_.emplace(metric.stage + "." + metric.name, read_results(plan_, runs_, metric)).first;
    return found->second;
  }

  // An interval that only touches the threshold contains it, whatever the rounding of its ends.
  static void decide(Judgement& result, double scale) {
    double effect = result.claim.effect;
    scale = std::max(scale, std::abs(effect));
    if (result.done < result.planned)
      result.why = fmt::format("{} of {} pairs are missing", result.planned - result.done, result.planned);
    else if (!std::isfinite(result.test.mean)) result.why = "a value is not finite";
    else if (!result.test.low) result.why = "one pair says nothing about chance";
    else if (*result.test.low > effect && !equal(*result.test.low, effect, scale)) result.verdict = Verdict::held;
    else if (*result.test.high < effect && !equal(*result.test.high, effect, scale)) result.verdict = Verdict::not_held;
    else result.why = "the interval contains the threshold";
  }

  const sweep::Plan& plan_;
  store::RunReader& runs_;
  ClaimSamples samples_;
  std::map<std::string, Results> results_;
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

}  // namespace winnow::report
