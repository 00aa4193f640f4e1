// What a table holds: who is a row, who a column, what is complete, what is best.
#include <gmock/gmock.h>

#include <fstream>

#include "fixture.h"
#include "winnow/core/error.h"
#include "winnow/report/render.h"

namespace winnow::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TableTest : public ReportTest {};

TEST_F(TableTest, SeedsAreSamplesOfACell) {
  sweep::Plan p = plan(kAmbiguity);
  finish(p, 0, {{"accuracy", 0.8}});
  finish(p, 1, {{"accuracy", 0.9}});
  Table t = table(p);
  EXPECT_THAT(t.row_axes, ElementsAre("method"));
  EXPECT_THAT(t.column_axes, ElementsAre("labels.rate"));
  EXPECT_THAT(t.rows, ElementsAre(Header{"cc"}, Header{"proden"}));
  EXPECT_THAT(t.columns, ElementsAre(Header{"0.1"}, Header{"0.7"}));
  EXPECT_THAT(t.cells[0][0].values, ElementsAre(0.8, 0.9));
  EXPECT_NEAR(t.cells[0][0].summary->mean, 0.85, 1e-12);
  EXPECT_EQ(t.cells[1][1].planned, 2u);
  EXPECT_EQ(t.cells[1][1].done(), 0u);
  EXPECT_EQ(t.done, 2u);
  EXPECT_EQ(t.planned, 8u);
}

TEST_F(TableTest, OnlyCompleteCellsAreRanked) {
  sweep::Plan p = plan(R"([[grid]]
method = ["cc", "proden", "crdpll"]
seed = [0, 1]
)");
  for (std::size_t i = 0; i < 4; ++i) finish(p, i, {{"accuracy", i < 2 ? 0.5 : 0.6}});
  finish(p, 4, {{"accuracy", 0.99}});
  Table t = table(p);
  EXPECT_EQ(t.cells[0][0].mark, Mark::second);
  EXPECT_EQ(t.cells[1][0].mark, Mark::best);
  EXPECT_EQ(t.cells[2][0].mark, Mark::none);
}

TEST_F(TableTest, OfLossesTheLowestIsBestAndTiesShareTheirMark) {
  sweep::Plan p = plan("[[grid]]\nmethod = [\"cc\", \"proden\", \"crdpll\"]\n");
  for (std::size_t i = 0; i < 3; ++i) finish(p, i, {{"loss", i == 1 ? 2.0 : 1.0}});
  Table t = table(p, Metric::named("loss", Rule::last));
  EXPECT_EQ(t.cells[0][0].mark, Mark::best);
  EXPECT_EQ(t.cells[1][0].mark, Mark::second);
  EXPECT_EQ(t.cells[2][0].mark, Mark::best);
}

TEST_F(TableTest, WhatDescribesTheMethodStandsInItsRow) {
  Table t = table(plan(R"([[grid]]
method = ["cc"]
seed = [0, 1]
[[grid]]
method = ["proden"]
conf_source = ["post-step", "pre-step"]
[[override]]
when = { method = "cc" }
set = { train.epochs = 3 }
)"));
  EXPECT_THAT(t.row_axes, ElementsAre("method", "conf_source", "train.epochs"));
  EXPECT_THAT(t.rows, ElementsAre(Header{"cc", "-", "3"}, Header{"proden", "post-step", "10"},
                                  Header{"proden", "pre-step", "10"}));
  EXPECT_THAT(t.columns, ElementsAre(Header{}));
}

// Every renderer, whether the rule is the same for all (no axis), an axis, or stands in columns.
TEST_F(TableTest, ADetectorThatIsItsSelectionRuleAloneSaysSoInEveryTable) {
  const std::string said = "(rule alone, on plain ce)";
  auto texts = [](const Table& t) {
    return std::vector<std::string>{render_terminal(t, 200, false), render_markdown(t), render_latex(t),
                                    render_json(t)};
  };
  const std::string noise = "labels = { kind = \"symmetric\", rate = 0.4 }\n";
  Table all = table(plan(noise + R"([[grid]]
method = ["ce"]
[[grid]]
method = ["detect-train"]
detect.method = ["gmm", "rolt", "unicon"]
[[override]]
when = { detect.method = ["rolt", "unicon"] }
set = { detect.train_rule = "ce" }
)"));
  ASSERT_EQ(all.rows.size(), 4u);
  EXPECT_EQ(all.rule_alone_rows, (std::map<std::size_t, std::string>{{2, " " + said}, {3, " " + said}}));
  for (const std::string& text : texts(all)) EXPECT_THAT(text, HasSubstr("rule alone, on plain ce")) << text;
  EXPECT_THAT(render_markdown(all), HasSubstr("| detect-train | rolt (rule alone, on plain ce) |"));
  EXPECT_THAT(render_markdown(all), HasSubstr("| detect-train | gmm |"));
  EXPECT_THAT(render_json(all), HasSubstr("\"rule_alone\": true"));

  // One detector for all, whose name no row has.
  Table one = table(plan(noise + "detect = { method = \"rolt\", train_rule = \"ce\" }\n[[grid]]\nmethod = [\"ce\", "
                                 "\"detect-train\"]\n"));
  EXPECT_THAT(render_markdown(one), HasSubstr("| detect-train (rule alone, on plain ce) |"));
  EXPECT_THAT(render_markdown(one), HasSubstr("| ce |"));

  Table own = table(plan(noise + "method = \"detect-train\"\ndetect = { method = \"rolt\" }\n"));
  for (const std::string& text : texts(own)) EXPECT_THAT(text, Not(HasSubstr("plain ce"))) << "its own training";

  sweep::Plan both = plan(noise + R"([[grid]]
method = ["detect-train"]
detect = [{ method = "rolt", train_rule = "own" }, { method = "rolt", train_rule = "ce" }]
)");
  EXPECT_EQ(table(both).rule_alone_rows.size(), 1u) << "the axis says it, and the word is there, too";

  sweep::Plan several = plan(noise + R"([[grid]]
method = ["detect-train"]
detect = [{ method = "rolt", train_rule = "own" }, { method = "unicon", train_rule = "ce" }]
)");
  Definition columns;
  columns.name = several.name();
  columns.rows = {"method"};
  columns.columns = {"detect.method"};
  Table across = build_table(several, read_results(several, store(), columns.metric), columns);
  EXPECT_TRUE(across.rule_alone_rows.empty());
  EXPECT_THAT(render_markdown(across),
              HasSubstr("| detect.method rolt | detect.method unicon (rule alone, on plain ce) |"));
  EXPECT_THAT(render_terminal(across, 200, false), HasSubstr("unicon (rule alone, on plain ce)"));
  EXPECT_THAT(render_latex(across), HasSubstr("unicon (rule alone, on plain ce)"));

  // The rule goes with the noise, and the table shows no rule.
  sweep::Plan mixed = plan("detect = { method = \"rolt\" }\n" + std::string(R"([[grid]]
method = ["detect-train"]
labels = [{ kind = "symmetric", rate = 0.2 }, { kind = "symmetric", rate = 0.4 }]
[[override]]
when = { labels.rate = 0.4 }
set = { detect.train_rule = "ce" }
)"));
  Definition hidden;
  hidden.name = mixed.name();
  hidden.rows = {"method"};
  hidden.columns = {"labels.rate"};
  Table partly = build_table(mixed, read_results(mixed, store(), hidden.metric), hidden);
  EXPECT_THAT(render_markdown(partly), HasSubstr("(in part rule alone, on plain ce)"));
}

TEST_F(TableTest, TheRuleChoosesTheColumn) {
  sweep::Plan p = plan("method = \"cc\"\n");
  finish(p, 0, {{"accuracy", 0.5}, {"accuracy_best", 0.75}});
  EXPECT_EQ(table(p).cells[0][0].values[0], 0.5);
  EXPECT_EQ(table(p, Metric::named("accuracy", Rule::best)).cells[0][0].values[0], 0.75);
}

TEST_F(TableTest, AnUnknownMetricIsRefusedWithTheKnownOnes) {
  sweep::Plan p = plan("method = \"cc\"\n");
  finish(p, 0, {{"accuracy", 0.5}});
  try {
    table(p, Metric::named("acuracy", Rule::last));
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "no run file has the metric 'acuracy' (did you mean 'accuracy'?); they have: accuracy, epoch");
  }
}

TEST_F(TableTest, ADamagedRunFileCountsAsMissingAndIsNamed) {
  sweep::Plan p = plan("method = \"cc\"\n");
  finish(p, 0, {{"accuracy", 0.5}});
  Path file = *store().find(p.nodes()[p.cell_node(0)].identity);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(700).put('!');
  Table t = table(p);
  EXPECT_EQ(t.cells[0][0].done(), 0u);
  ASSERT_EQ(t.notes.size(), 1u);
  EXPECT_THAT(t.notes[0], HasSubstr(file.string()));
}

}  // namespace
}  // namespace winnow::report
