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
    return plan(
        "labels.kind = \"flip\"\n[[grid]]\nmethod = [\"cc\", \"proden\"]\n\"labels.rate\" = [0.1, 0.7]\nseed = [0, 1, "
        "2]\n[[claim]]\n" +
        claim);
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
  const std::string claim_ =
      "statement = \"proden wins\"\nbetter = { method = \"proden\" }\nworse = { method = \"cc\" }\nwhere = { "
      "\"labels.rate\" = 0.7 }\neffect = 1.0\n";
};

TEST_F(ClaimsTest, HeldWhereTheWholeIntervalIsAboveTheThreshold) {
  Judgement result = judged(claim_, {0.60, 0.61, 0.62}, {0.65, 0.66, 0.671});
  EXPECT_EQ(result.verdict, Verdict::held);
  EXPECT_EQ(result.test.n, 3u);
  EXPECT_NEAR(result.test.mean, 5.0333333, 1e-6) << "percentage points";
  EXPECT_THAT(render_claims({result}, false), HasSubstr("held       proden wins\n           difference +5.03 ["));
  EXPECT_THAT(render_claims_markdown({result}), HasSubstr("| proden wins | **held** | difference +5.03 ["));
  Value json = Value::parse(render_claims_json({result})).at("claims").at(0);
  EXPECT_EQ(json.at("verdict"), "held");
  EXPECT_GT(json.at("interval").at(0), 1.0) << "above the threshold";
}

TEST_F(ClaimsTest, NotHeldWhereItIsBelow) {
  EXPECT_EQ(judged(claim_, {0.60, 0.61, 0.62}, {0.60, 0.612, 0.621}).verdict, Verdict::not_held);
}

// One point each, as the threshold: 100 * 0.61 - 100 * 0.6 and its like are a little more or a little less than 1.
TEST_F(ClaimsTest, AnIntervalThatIsTheThresholdIsNotAboveIt) {
  for (bool up : {true, false}) {
    std::filesystem::remove_all(folder_ / "results");
    Judgement result = up ? judged(claim_, {0.60, 0.61, 0.62}, {0.61, 0.62, 0.63})
                          : judged(claim_, {0.56, 0.57, 0.29}, {0.57, 0.58, 0.30});
    EXPECT_EQ(result.verdict, Verdict::undecided) << result.test.mean - 1;
    EXPECT_EQ(result.why, "the interval contains the threshold");
  }
}

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

TEST_F(ClaimsTest, NanIsNotHidden) {
  EXPECT_EQ(judged(claim_, {0.60, NAN, 0.62}, {0.90, 0.91, 0.92}).verdict, Verdict::undecided);
}

TEST_F(ClaimsTest, AClaimChangesNoIdentity) {
  sweep::Plan p = with(claim_), without = plan(
                                    "labels.kind = \"flip\"\n[[grid]]\nmethod = [\"cc\", \"proden\"]\n\"labels.rate\" "
                                    "= [0.1, 0.7]\nseed = [0, 1, 2]");
  for (std::size_t i = 0; i < p.nodes().size(); ++i) EXPECT_EQ(p.nodes()[i].identity, without.nodes()[i].identity);
}

// Spreads. cc is at 0.60 + seed / 100 and proden `gap` above it at rate 0.7; at rate 0.1 both are `fall` higher.
class SpreadsTest : public ClaimsTest {
 protected:
  Judgement judged(const std::string& claim, const std::vector<double>& gap, const std::vector<double>& fall) const {
    sweep::Plan p = with(claim);
    for (std::size_t i = 0; i < p.experiments(); ++i) {
      Settings settings = p.settings(i);
      auto seed = static_cast<std::size_t>(settings.integer("seed"));
      if (seed >= gap.size()) continue;
      double value = 0.60 + 0.01 * static_cast<double>(seed);
      if (settings.text("method") == "proden") value += gap[seed];
      if (settings.real("labels.rate") == 0.1) value += fall[seed];
      finish(p, i, {{"accuracy", value}});
    }
    return judge(p, store()).at(0);
  }
  const std::string flat_ =
      "statement = \"flat\"\nspread = { over = \"labels.rate\", where = { method = \"cc\" } }\nat_most = 3\n";
  const std::string smaller_ =
      "statement = \"methods matter less than rates\"\nspread = { over = \"method\", where = { \"labels.rate\" = 0.7 } "
      "}\n"
      "below = { over = \"labels.rate\", where = { method = \"cc\" } }\neffect = 1\n";
};

TEST_F(SpreadsTest, AtMostHoldsWhereTheIntervalOfTheSpreadLiesBelow) {
  Judgement result = judged(flat_, {0, 0, 0}, {0.010, 0.012, 0.011});
  EXPECT_EQ(result.verdict, Verdict::held);
  EXPECT_EQ(result.planned, 3u) << "one a seed";
  EXPECT_THAT(numbers_of(result), HasSubstr("spread 1.10 [0.85, 1.35] at 95 % over 3 spreads; at most 3"));
}

TEST_F(SpreadsTest, ASpreadHasNoSign) {
  EXPECT_EQ(judged(flat_, {0, 0, 0}, {-0.010, 0.012, -0.011}).verdict, Verdict::held);
}
TEST_F(SpreadsTest, AtMostIsNotHeldAbove) {
  EXPECT_EQ(judged(flat_, {0, 0, 0}, {0.050, 0.052, 0.051}).verdict, Verdict::not_held);
}
TEST_F(SpreadsTest, UndecidedAcross) {
  EXPECT_EQ(judged(flat_, {0, 0, 0}, {0.010, 0.052, 0.031}).verdict, Verdict::undecided);
}
TEST_F(SpreadsTest, NanIsNotHidden) {
  EXPECT_EQ(judged(flat_, {0, 0, 0}, {0.01, NAN, 0.01}).why, "a value is not finite");
}
TEST_F(SpreadsTest, AMissingRunDecidesNothing) {
  EXPECT_EQ(judged(flat_, {0, 0}, {0.01, 0.01}).why, "1 of 3 pairs are missing");
}

TEST_F(SpreadsTest, OneSpreadIsSmallerThanAnotherBySeed) {
  Judgement result = judged(smaller_, {0.010, -0.012, 0.011}, {0.030, 0.031, 0.032});
  EXPECT_EQ(result.verdict, Verdict::held);
  EXPECT_NEAR(result.test.mean, 2.0, 1e-6) << "3.1 points over rates, 1.1 over methods";
}

TEST_F(SpreadsTest, NotHeldWhereBothAreAsLarge) {
  EXPECT_EQ(judged(smaller_, {0.030, 0.032, 0.031}, {0.030, 0.031, 0.032}).verdict, Verdict::not_held);
}

TEST_F(SpreadsTest, Refusals) {
  for (const auto& [claim, words] : std::vector<std::pair<std::string, std::string>>{
           {"statement = \"x\"\nspread = { over = \"method\" }", "claim 1 compares nothing"},
           {flat_ + "better = { method = \"cc\" }", "claim 1 compares nothing"},
           {flat_ + "below = { over = \"method\" }", "claim 1 compares nothing"},
           {"statement = \"x\"\nbetter = { method = \"cc\" }\nworse = { method = \"proden\" }\nat_most = 1",
            "claim 1 compares nothing"},
           {flat_ + "effect = 1", "at_most is the threshold itself"},
           {"statement = \"x\"\nspread = { where = { method = \"cc\" } }\nat_most = 1", "claim 1 spreads over nothing"},
           {"statement = \"x\"\nspread = { ower = \"seed\" }\nat_most = 1",
            "unknown entry 'ower' (did you mean 'over'?)"},
           {"statement = \"x\"\nspread = { over = \"labels.rat\" }\nat_most = 1", "did you mean 'labels.rate'?"},
           {"statement = \"x\"\nspread = { over = \"train.epochs\" }\nat_most = 1",
            "`spread` spreads over 'train.epochs', which does not vary"},
           {"statement = \"x\"\nspread = { over = \"labels.rate\", where = { \"labels.rate\" = 0.1 } }\nat_most = 1",
            "spreads over one value of labels.rate"},
           {"statement = \"x\"\nspread = { over = \"method\", where = { \"labels.rate\" = [0.1, 0.7] } }\nat_most = 1",
            "several experiments of `spread` fit one partner: say in it which of labels.rate"}})
    EXPECT_THAT(refusal(claim), HasSubstr(words)) << claim;
}

// As if every data set and every model's weights lay here.
TEST(Claims, ThoseOfTheSweepsHereCompareSomething) {
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({});
  for (const auto& [name, dataset] : catalogue.datasets) catalogue.fingerprints[name] = "f";
  for (const auto& [name, model] : catalogue.models) catalogue.fingerprints[name] = "f";
  for (const char* set : {"aggregate", "vaguest"})
    catalogue.labels[std::string("plcifar10-") + set] = {{set, {"l", true, 0}}};
  for (const auto& [file, claims] :
       std::map<std::string, std::size_t>{{"quickstart", 2}, {"claims", 9}, {"partialclip/seeds", 2}}) {
    sweep::Plan p = sweep::Plan::read(Path(WINNOW_SOURCE_DIR) / "sweeps" / (file + ".toml"), catalogue);
    EXPECT_EQ(p.claims().size(), claims) << file;
    EXPECT_NO_THROW(check_claims(p)) << file;
  }
}

TEST_F(ClaimsTest, Refusals) {
  for (const auto& [claim, words] : std::vector<std::pair<std::string, std::string>>{
           {"better = { method = \"cc\" }\nworse = { method = \"proden\" }", "claim 1 states nothing"},
           {"statement = \"x\"\nbetter = { method = \"cc\" }", "claim 1 compares nothing"},
           {"statement = \"x\"\nbeter = {}", "unknown entry 'beter' (did you mean 'better'?)"},
           {claim_ + "alpha = 2", "alpha: expected a number in [1e-06, 0.5], got 2"},
           {"statement = \"x\"\nbetter = { method = \"prodn\" }\nworse = { method = \"cc\" }",
            "did you mean 'proden'?"},
           {"statement = \"x\"\nbetter = { metod = \"cc\" }\nworse = { method = \"cc\" }", "unknown key 'metod'"},
           {"statement = \"x\"\nbetter = { method = \"crdpll\" }\nworse = { method = \"cc\" }",
            "no experiment of the sweep meets `better`"},
           {"statement = \"x\"\nbetter = { \"labels.rate\" = 0.7 }\nworse = { \"labels.rate\" = [0.1, 0.7] }",
            "several experiments of `worse` fit one partner"}})
    EXPECT_THAT(refusal(claim), HasSubstr(words)) << claim;
}

}  // namespace
}  // namespace winnow::report
