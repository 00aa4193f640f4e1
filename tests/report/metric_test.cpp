// What a metric is: declared, by the run file or by winnow, and never guessed from how its name begins.
#include <gmock/gmock.h>

#include <cmath>

#include "../refusal.h"
#include "fixture.h"
#include "winnow/core/error.h"
#include "winnow/report/claims.h"
#include "winnow/report/render.h"
#include "winnow/report/required_device.h"
#include "winnow/store/pack.h"
#include "winnow/store/run_reader.h"

namespace winnow::report {
namespace {

using store::Better;
using store::Unit;
using ::testing::HasSubstr;
using ::testing::Not;

class MetricTest : public ReportTest {
 protected:
  MetricTest() : plan_(plan("[[grid]]\nmethod = [\"cc\", \"proden\"]\nseed = [0, 1, 2]\n")) {}
  // Of cc's three seeds and proden's.
  void finish_all(const std::string& metric, const std::vector<double>& values,
                  const store::MetricKinds& kinds = {}) const {
    for (std::size_t i = 0; i < values.size(); ++i) finish(plan_, i, {{metric, values[i]}}, kinds);
  }
  std::string shown(const std::string& metric) const {
    return render_terminal(table(plan_, Metric::named(metric)), 200, false);
  }

  sweep::Plan plan_;
};

TEST_F(MetricTest, WinnowsOwnSharesAreInPercent) {
  for (const char* name :
       {"accuracy", "accuracy_class_mean", "validation_accuracy", "validation_agreement", "validation_covering",
        "validation_approximated", "confidence_accuracy", "confidence_mean_max", "selection_f1", "f1_macro",
        "covering_kept", "empty_sets", "accuracy_validation"})
    EXPECT_TRUE(Metric::named(name).percent()) << name;
  for (const char* name : {"loss", "selected", "cleared", "epoch_best", "set_size_after", "accuracy_of_theirs",
                           "selection_size", "f1_time"})
    EXPECT_FALSE(Metric::named(name).percent()) << name;
}

TEST_F(MetricTest, LessIsBetterByDeclarationAndOfLossesAndErrors) {
  for (const char* name : {"loss", "empty_sets", "skipped_pictures", "test_error", "loss_of_mine"})
    EXPECT_TRUE(Metric::named(name).lower_is_better()) << name;
  for (const char* name : {"accuracy", "glossary", "lossless_share", "terror"})
    EXPECT_FALSE(Metric::named(name).lower_is_better()) << name;
}

TEST_F(MetricTest, AForeignMetricIsShownAsItIs) {
  finish_all("accuracy_top5", {51, 52, 53, 61, 62, 63});
  EXPECT_THAT(shown("accuracy_top5"), HasSubstr("+52 ± 1"));
  EXPECT_THAT(shown("accuracy_top5"), Not(HasSubstr("5200")));
  EXPECT_THAT(shown("accuracy_top5"), Not(HasSubstr("in %")));
}

TEST_F(MetricTest, UnlessItSaysWhatItIs) {
  finish_all("top5", {0.51, 0.52, 0.53, 0.61, 0.62, 0.63}, {{"top5", {Unit::share, Better::high}}});
  EXPECT_THAT(shown("top5"), HasSubstr("+52.00 ± 1.00"));
  EXPECT_THAT(shown("top5"), HasSubstr("top5 in %"));
}

TEST_F(MetricTest, ItMaySayThatLessIsBetter) {
  finish_all("misses", {3, 4, 5, 1, 2, 3}, {{"misses", {Unit::count, Better::low}}});
  EXPECT_THAT(shown("misses"), HasSubstr("*2 ± 1"));
  EXPECT_THAT(shown("misses"), HasSubstr("+4 ± 1"));
  EXPECT_THAT(shown("misses"), HasSubstr("lower is better"));
}

TEST_F(MetricTest, AShareAboveOneIsNoShareAndSaysSo) {
  finish_all("accuracy", {51, 52, 53, 61, 62, 63});
  EXPECT_THAT(shown("accuracy"), HasSubstr("+52 ± 1"));
  EXPECT_THAT(shown("accuracy"), HasSubstr("accuracy is a share, 0 to 1, and 6 run files have another value"));
}

// No mean of shares and percentages, and no best one.
TEST_F(MetricTest, WhereRunFilesDisagreeOnWhatItIsNoMeanIsTaken) {
  finish_all("top5", {0.51, 0.52, 0.53}, {{"top5", {Unit::share, Better::high}}});
  for (std::size_t i = 3; i < 6; ++i) finish(plan_, i, {{"top5", 40.0 + static_cast<double>(i)}});
  EXPECT_THAT(shown("top5"), HasSubstr("run files disagree on what top5 is (share, high is better, in 3; value, high "
                                       "is better, in 3): no means are taken"));
  EXPECT_THAT(shown("top5"), HasSubstr("cc        mixed  3/3"));
}

TEST_F(MetricTest, WhereRunFilesDisagreeOnWhichWayIsBetterNoneIsTheBest) {
  finish_all("err", {0.51, 0.52, 0.53}, {{"err", {Unit::share, Better::high}}});
  for (std::size_t i = 3; i < 6; ++i) finish(plan_, i, {{"err", 0.3}}, {{"err", {Unit::share, Better::low}}});
  EXPECT_THAT(shown("err"), HasSubstr("share, high is better, in 3; share, low is better, in 3"));
  EXPECT_THAT(shown("err"), Not(HasSubstr("*")));
}

TEST_F(MetricTest, WhereSomeSharesAreNoneNoMeanIsTaken) {
  finish_all("accuracy", {0.51, 52, 0.53, 0.61, 0.62, 0.63});
  EXPECT_THAT(shown("accuracy"), HasSubstr("1 of 6 run files have another value (52): no means are taken"));
  EXPECT_THAT(shown("accuracy"), HasSubstr("mixed  3/3"));
}

TEST_F(MetricTest, WhatIsNotANumberCountsAsMissing) {
  finish_all("accuracy", {0.51, NAN, 0.53, NAN, NAN, NAN});
  EXPECT_THAT(shown("accuracy"), HasSubstr("52.00 ± 1.41  2/3"));
  EXPECT_THAT(shown("accuracy"), HasSubstr("missing       0/3"));
  EXPECT_THAT(shown("accuracy"), HasSubstr("4 results are not a number (NaN) and count as missing"));
}

// Half a point, not fifty: `effect` is in the unit in which the metric is shown.
TEST_F(MetricTest, AClaimsThresholdIsInTheMetricsUnit) {
  auto verdict = [&](const std::string& metric, const std::vector<double>& values, const store::MetricKinds& kinds) {
    sweep::Plan claimed =
        plan("[[grid]]\nmethod = [\"cc\", \"proden\"]\nseed = [0, 1, 2]\n[[claim]]\nstatement = \"s\"\nmetric = \"" +
             metric + "\"\nbetter = { method = \"proden\" }\nworse = { method = \"cc\" }\neffect = 0.5\n");
    std::filesystem::remove_all(folder_ / "results");
    for (std::size_t i = 0; i < 6; ++i) finish(claimed, i, {{metric, values[i]}}, kinds);
    return judge(claimed, store()).at(0);
  };
  const std::vector<double> near{0.50, 0.51, 0.52, 0.53, 0.541, 0.549};  // 3 points apart
  EXPECT_EQ(verdict("validation_accuracy", near, {}).verdict, Verdict::held);
  EXPECT_NEAR(verdict("validation_accuracy", near, {}).test.mean, 3.0, 1e-9);
  EXPECT_EQ(verdict("accuracy_mine", near, {}).verdict, Verdict::not_held);  // of a raw number 0.03 is less than 0.5
  EXPECT_EQ(verdict("accuracy_mine", near, {{"accuracy_mine", {Unit::share, Better::high}}}).verdict, Verdict::held);
}

TEST_F(MetricTest, ATableOfDifferentCodeSaysSoOnce) {
  for (std::size_t i = 0; i < 6; ++i)
    finish(plan_, i, {{"accuracy", 0.5}}, {}, i < 4 ? "0.1.0+gaaaaaaaaaaaa" : "0.1.0+gbbbbbbbbbbbb-dirty.cccccccccccc");
  const char* note =
      "computed by different code: 0.1.0+gaaaaaaaaaaaa (4 stages), 0.1.0+gbbbbbbbbbbbb-dirty.cccccccccccc (2 stages)";
  Table made = table(plan_);
  for (const std::string& text : {render_terminal(made, 200, false), render_markdown(made), render_json(made)}) {
    std::size_t first = text.find(note);
    ASSERT_NE(first, std::string::npos) << text;
    EXPECT_EQ(text.find(note, first + 1), std::string::npos);
  }
  // Whether rows come from run files or from table.h5.
  store::pack(store());
  EXPECT_THAT(render_terminal(table(plan_), 200, false), HasSubstr(note));
}

TEST_F(MetricTest, ATableOfDifferentKindsOfDevicesSaysSoAndMayBeRefused) {
  for (std::size_t i = 0; i < 6; ++i) finish(plan_, i, {{"accuracy", 0.5}}, {}, "", i < 4 ? "cpu: Xeon" : "cuda: H200");
  for (bool packed : {false, true}) {
    if (packed) store::pack(store());
    EXPECT_THAT(shown("accuracy"),
                HasSubstr("computed on different kinds of devices: cpu: Xeon (4 stages), cuda: H200 (2 stages)"));
    store::Store own = store();
    store::RunReader runs(own);
    EXPECT_THAT(
        refusal([&] { require_device(plan_, runs, "H200"); }),
        testing::StrEq("--require-device H200: there are results of 'cpu: Xeon' (4 stages); compute them there, or "
                       "leave the option out"));
    EXPECT_NO_THROW(require_device(plan_, runs, ": "));
  }
}

TEST_F(MetricTest, ATableOfOneCodeSaysNothingOfIt) {
  for (std::size_t i = 0; i < 6; ++i) finish(plan_, i, {{"accuracy", 0.5}}, {}, "0.1.0+gaaaaaaaaaaaa");
  EXPECT_THAT(shown("accuracy"), Not(HasSubstr("code")));
}

TEST_F(MetricTest, KindsComeThroughTableH5) {
  finish_all("top5", {0.51, 0.52, 0.53, 0.61, 0.62, 0.63}, {{"top5", {Unit::share, Better::high}}});
  std::string from_files = shown("top5");
  EXPECT_EQ(store::pack(store()).runs, 6u);
  EXPECT_EQ(shown("top5"), from_files);
}

}  // namespace
}  // namespace winnow::report
