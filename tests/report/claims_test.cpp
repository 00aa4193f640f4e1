// Claims are written before the run and judged by a rule; missing pairs decide nothing.
#include "winnow/report/claims.h"

#include <gmock/gmock.h>

#include "fixture.h"
#include "winnow/core/error.h"

namespace winnow::report {
namespace {

using testing::HasSubstr;

class ClaimsTest : public ReportTest {
 protected:
  sweep::Plan with(const std::string& claim) const {
    return plan("labels.kind = \"flip\"\n[[grid]]\nmethod = [\"cc\", \"proden\"]\n\"labels.rate\" = [0.1, 0.7]\nseed = [0, 1, 2]\n[[claim]]\n" + claim);
  }
  // Accuracies of cc and of proden at rate 0.7 by seed.
  Judgement judged(const std::string& claim, const std::vector<double>& cc, const std::vector<double>& proden) const {
    sweep::Plan p = with(claim);
    for (std::size_t i = 0; i < p.experiments(); ++i) {
      Settings settings = p.settings(i);
      auto seed = static_cast<std::size_t>(settings.integer("seed"));
      const std::vector<double>& values = settings.text("method") == "cc" ? cc : proden;
      if (settings.real("labels.rate") == 0.7 && seed < values.size()) finish(p, i, {{"accuracy", values[seed]}});
    }
    return judge(p, store()).at(0);
  }
  std::string refusal(const std::string& claim) const {
    try {
      sweep::Plan p = with(claim);
      judge(p, store());
    } catch (const UsageError& error) {
      std::string text = error.what();
      return text.substr(text.find("s.toml"));
    }
    return "accepted";
  }
  const std::string claim_ = "statement = \"proden wins\"\nbetter = { method = \"proden\" }\nworse = { method = \"cc\" }\nwhere = { \"labels.rate\" = 0.7 }\neffect = 1.0\n";
};

TEST_F(ClaimsTest, HeldWhereTheWholeIntervalIsAboveTheThreshold) {
  Judgement result = judged(claim_, {0.60, 0.61, 0.62}, {0.65, 0.66, 0.671});
  EXPECT_EQ(result.verdict, Verdict::held);
  EXPECT_EQ(result.test.n, 3u);
  EXPECT_NEAR(result.test.mean, 5.0333333, 1e-6) << "percentage points";
  EXPECT_THAT(render_claims({result}, false), HasSubstr("held       proden wins\n           difference +5.03 ["));
}

TEST_F(ClaimsTest, NotHeldWhereItIsBelow) { EXPECT_EQ(judged(claim_, {0.60, 0.61, 0.62}, {0.60, 0.612, 0.621}).verdict, Verdict::not_held); }

TEST_F(ClaimsTest, UndecidedWhereTheIntervalContainsIt) {
  Judgement result = judged(claim_, {0.60, 0.61, 0.62}, {0.60, 0.66, 0.63});
  EXPECT_EQ(result.verdict, Verdict::undecided);
  EXPECT_EQ(result.why, "the interval contains the threshold");
}

TEST_F(ClaimsTest, AMissingPairDecidesNothingHoweverClearTheOthersAre) {
  EXPECT_EQ(judged(claim_, {}, {}).why, "3 of 3 pairs are missing");
  Judgement result = judged(claim_, {0.60, 0.61, 0.62}, {0.90, 0.91});
  EXPECT_EQ(result.verdict, Verdict::undecided);
  EXPECT_EQ(result.why, "1 of 3 pairs are missing");
}

TEST_F(ClaimsTest, NanIsNotHidden) { EXPECT_EQ(judged(claim_, {0.60, NAN, 0.62}, {0.90, 0.91, 0.92}).verdict, Verdict::undecided); }

TEST_F(ClaimsTest, AClaimChangesNoIdentity) {
  sweep::Plan p = with(claim_), without = plan("labels.kind = \"flip\"\n[[grid]]\nmethod = [\"cc\", \"proden\"]\n\"labels.rate\" = [0.1, 0.7]\nseed = [0, 1, 2]");
  for (std::size_t i = 0; i < p.nodes().size(); ++i) EXPECT_EQ(p.nodes()[i].identity, without.nodes()[i].identity);
}

TEST_F(ClaimsTest, Refusals) {
  for (const auto& [claim, words] : std::vector<std::pair<std::string, std::string>>{
           {"better = { method = \"cc\" }\nworse = { method = \"proden\" }", "claim 1 states nothing"},
           {"statement = \"x\"\nbetter = { method = \"cc\" }", "claim 1 compares nothing"},
           {"statement = \"x\"\nbeter = {}", "unknown entry 'beter' (did you mean 'better'?)"},
           {claim_ + "alpha = 2", "alpha: expected a number in [1e-06, 0.5], got 2"},
           {"statement = \"x\"\nbetter = { method = \"prodn\" }\nworse = { method = \"cc\" }", "did you mean 'proden'?"},
           {"statement = \"x\"\nbetter = { metod = \"cc\" }\nworse = { method = \"cc\" }", "unknown key 'metod'"},
           {"statement = \"x\"\nbetter = { method = \"crdpll\" }\nworse = { method = \"cc\" }", "no experiment of the sweep meets `better`"},
           {"statement = \"x\"\nbetter = { \"labels.rate\" = 0.7 }\nworse = { \"labels.rate\" = [0.1, 0.7] }", "several experiments of `worse` fit one partner"}})
    EXPECT_THAT(refusal(claim), HasSubstr(words)) << claim;
}

}  // namespace
}  // namespace winnow::report
