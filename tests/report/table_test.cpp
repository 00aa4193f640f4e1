// What a table holds: who is a row, who a column, what is complete, what is best.
#include <gmock/gmock.h>

#include <fstream>

#include "fixture.h"
#include "winnow/core/error.h"

namespace winnow::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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
