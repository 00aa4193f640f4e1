// Judgements, human-readable and as JSON.
#include <fmt/format.h>

#include <cmath>

#include "formatting.h"
#include "winnow/core/printable.h"
#include "winnow/core/settings.h"
#include "winnow/report/claims.h"

namespace winnow::report {

std::string numbers_of(const Judgement& result) {
  const sweep::Claim& claim = result.claim;
  std::string threshold =
      claim.at_most ? fmt::format("at most {:g}", *claim.at_most) : fmt::format("threshold {:g}", claim.effect);
  const char* things = claim.at_most ? "spread" : "pair";
  if (result.done == 0) return fmt::format("0 of {} {}s done; {}", result.planned, things, threshold);
  const PairedTest& test = result.test;
  std::string text, level = fmt::format("{:g} %", 100 * (1 - claim.alpha));
  if (claim.at_most) {  // the test saw the room that is left below it
    text = fmt::format("spread {:.2f}", *claim.at_most - test.mean);
    if (test.low)
      text += fmt::format(" [{:.2f}, {:.2f}] at {}", *claim.at_most - *test.high, *claim.at_most - *test.low, level);
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
    text +=
        fmt::format("{} {}\n           {}{}\n",
                    colour ? fmt::format("\033[{}m{:<10}\033[0m", code, verdict) : fmt::format("{:<10}", verdict),
                    printable(result.claim.statement), numbers_of(result), result.why.empty() ? "" : "; " + result.why);
  }
  return text.empty() ? "" : "claims\n" + text;
}

std::string render_claims_markdown(const std::vector<Judgement>& judgements) {
  if (judgements.empty()) return "";
  std::string text = "| claim | verdict | numbers |\n|---|---|---|\n";
  for (const Judgement& result : judgements)
    text += fmt::format("| {} | **{}** | {}{} |\n", markdown_cell(printable(result.claim.statement)),
                        to_string(result.verdict), numbers_of(result), result.why.empty() ? "" : "; " + result.why);
  return text;
}

std::string render_claims_json(const std::vector<Judgement>& judgements) {
  Value claims = Value::array();
  for (const Judgement& result : judgements) {
    Value entry = {{"statement", result.claim.statement},
                   {"verdict", to_string(result.verdict)},
                   {"planned", result.planned},
                   {"done", result.done},
                   {"effect", result.claim.effect},
                   {"metric", result.claim.metric},
                   {"unit", store::to_string(result.metric.kind.unit)},
                   {"difference", nullptr},
                   {"interval", nullptr}};
    if (result.claim.at_most) entry["at_most"] = *result.claim.at_most;
    if (result.done > 0 && std::isfinite(result.test.mean)) entry["difference"] = result.test.mean;
    if (result.test.low) entry["interval"] = {*result.test.low, *result.test.high};
    if (!result.why.empty()) entry["why"] = result.why;
    claims.push_back(std::move(entry));
  }
  return Value{{"claims", std::move(claims)}}.dump(1, ' ', true, Value::error_handler_t::replace) + "\n";
}

}  // namespace winnow::report
