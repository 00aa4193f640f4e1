#include "winnow/report/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "winnow/core/error.h"

namespace winnow::report {

namespace {

using sweep::Claim;
using sweep::Condition;

bool meets(const std::vector<Condition>& conditions, const Settings& settings) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    auto found = settings.all().find(condition.key);
    return found != settings.all().end() && std::find(condition.any.begin(), condition.any.end(), found->second) != condition.any.end();
  });
}

class Judge {
 public:
  Judge(const sweep::Plan& plan, store::RunReader& runs) : plan_(plan), runs_(runs), axes_(plan.axes()) {
    for (std::size_t i = 0; i < plan.experiments(); ++i) settings_.push_back(plan.settings(i));
  }

  Judgement judge(const Claim& claim) {
    Judgement result;
    result.claim = claim;
    result.metric = Metric::named(claim.metric);
    const std::vector<Result>& values = results(result.metric);
    double unit = result.metric.percent() ? 100 : 1;
    std::vector<double> differences;
    for (auto [better, worse] : pairs(claim)) {
      ++result.planned;
      const auto &a = values[better].value, &b = values[worse].value;
      if (a && b) differences.push_back(unit * (*a - *b));
    }
    result.done = differences.size();
    if (!differences.empty()) result.test = paired_test(differences, claim.alpha);
    decide(result);
    return result;
  }

 private:
  std::vector<std::pair<std::size_t, std::size_t>> pairs(const Claim& claim) const {
    std::set<std::string> named;
    for (const auto* conditions : {&claim.better, &claim.worse})
      for (const Condition& condition : *conditions) named.insert(condition.key);
    std::vector<std::size_t> better = members(claim, claim.better, "better"), worse = members(claim, claim.worse, "worse");
    std::vector<std::string> shared;                 // axes that both sides have and neither names
    for (const std::string& axis : axes_) {
      auto has = [&](std::size_t i) { return settings_[i].has(axis); };
      if (!named.count(axis) && std::all_of(better.begin(), better.end(), has) && std::all_of(worse.begin(), worse.end(), has)) shared.push_back(axis);
    }
    auto key = [&](std::size_t i) {
      std::string text;
      for (const std::string& axis : shared) text += settings_[i].all().at(axis).dump() + ";";
      return text;
    };
    std::map<std::string, std::size_t> partner;
    for (std::size_t i : worse)
      if (!partner.emplace(key(i), i).second) ambiguous(claim, "worse", better, worse, named);
    std::vector<std::pair<std::size_t, std::size_t>> result;
    std::set<std::string> used;
    for (std::size_t i : better) {
      auto found = partner.find(key(i));
      if (found == partner.end()) continue;
      if (!used.insert(key(i)).second) ambiguous(claim, "better", better, worse, named);
      result.emplace_back(i, found->second);
    }
    if (result.empty()) throw UsageError(fmt::format("{}: no experiment of `better` has a partner in `worse` that agrees on {}", claim.place.text(), fmt::join(shared, ", ")));
    return result;
  }

  std::vector<std::size_t> members(const Claim& claim, const std::vector<Condition>& conditions, const char* side) const {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < settings_.size(); ++i)
      if (meets(conditions, settings_[i]) && meets(claim.where, settings_[i])) result.push_back(i);
    if (result.empty()) throw UsageError(fmt::format("{}: no experiment of the sweep meets `{}`", claim.place.text(), side));
    return result;
  }

  [[noreturn]] void ambiguous(const Claim& claim, const char* side, const std::vector<std::size_t>& better, const std::vector<std::size_t>& worse,
                              const std::set<std::string>& named) const {
    std::vector<std::string> open;
    const std::vector<std::size_t>& own = side == std::string("better") ? better : worse;
    for (const std::string& axis : axes_) {
      std::set<std::string> values;
      for (std::size_t i : own) values.insert(settings_[i].has(axis) ? settings_[i].all().at(axis).dump() : "-");
      if (values.size() > 1 && !(named.count(axis) && values.size() == 1)) open.push_back(axis);
    }
    throw UsageError(fmt::format("{}: several experiments of `{}` fit one partner: say in it which of {} is meant", claim.place.text(), side, fmt::join(open, ", ")));
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
  std::vector<std::string> axes_;
  std::vector<Settings> settings_;
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

std::string numbers_of(const Judgement& result) {
  if (result.done == 0) return fmt::format("0 of {} pairs done; threshold {:g}", result.planned, result.claim.effect);
  const PairedTest& test = result.test;
  std::string text = fmt::format("difference {:+.2f}", test.mean);
  if (test.low) text += fmt::format(" [{:.2f}, {:.2f}] at {:g} %", *test.low, *test.high, 100 * (1 - result.claim.alpha));
  text += fmt::format(" over {} pair{}", test.n, test.n == 1 ? "" : "s");
  if (test.p_t) text += fmt::format(", p = {:.3g} (t)", *test.p_t);
  if (test.p_wilcoxon) text += fmt::format(", {:.3g} (Wilcoxon)", *test.p_wilcoxon);
  return text + fmt::format("; threshold {:g}", result.claim.effect);
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
