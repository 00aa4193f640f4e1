#include "winnow/simulate/forecast.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include "../refusal.h"
#include "winnow/core/error.h"

namespace winnow::simulate {
namespace {

using testing::HasSubstr;

// Stages of 30 classes of 1 to 20 minutes, a tenth of them inputs of the nine that follow.
Scenario sweep_of(std::size_t stages, std::uint32_t nodes, std::uint32_t slots) {
  Scenario scenario;
  scenario.nodes = nodes, scenario.slots = slots;
  scenario.graph.inputs.resize(stages);
  for (sched::StageId stage = 0; stage < stages; ++stage) {
    if (stage % 10) scenario.graph.inputs[stage] = {stage / 10 * 10};
    scenario.graph.classes.push_back(stage % 30);
    scenario.graph.done.push_back(false);
  }
  for (int id = 0; id < 30; ++id) scenario.expected.push_back(60 + 40.0 * id);
  return scenario;
}

TEST(Forecast, OneStageOnOneSlotTakesItsTime) {
  Scenario scenario;
  scenario.graph.inputs = {{}};
  scenario.graph.classes = {0};
  scenario.graph.done = {false};
  scenario.expected = {100};
  Forecast result = forecast(scenario);
  EXPECT_EQ(result.done, 1u);
  EXPECT_EQ(result.bound, 100);
  EXPECT_NEAR(result.makespan, 100 + scenario.trainer_start, 0.5);
  ASSERT_EQ(result.spans.size(), 1u);
  EXPECT_NEAR(result.spans[0].end - result.spans[0].begin, 100, 1e-6);
  EXPECT_NEAR(result.busy, 100, 1e-6);
  EXPECT_NEAR(result.idle, scenario.trainer_start, 0.5);
}

TEST(Forecast, WhatIsDoneAlreadyTakesNoTime) {
  Scenario scenario = sweep_of(20, 1, 1);
  scenario.graph.done.assign(20, true);
  scenario.graph.done[7] = false;
  Forecast result = forecast(scenario);
  EXPECT_EQ(result.done, 1u);
  EXPECT_EQ(result.bound, scenario.expected[7]);
}

TEST(Forecast, NoSlotDoesTwoThingsAtATimeAndInputsComeFirst) {
  Scenario scenario = sweep_of(600, 4, 3);
  scenario.graph.widths = std::vector<std::uint32_t>(30, 1);
  scenario.graph.widths[5] = 3, scenario.graph.widths[6] = 2;
  scenario.spread = 0.5;
  scenario.crash_rate = 0.05;
  scenario.node_life = 20'000;
  Forecast result = forecast(scenario);
  EXPECT_EQ(result.done + result.failed + result.blocked, 600u);
  EXPECT_GT(result.lost_nodes, 0u);
  EXPECT_GT(result.in_vain, 0);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::pair<double, double>>> by_slot;
  std::map<sched::StageId, double> done_at;
  for (const Span& span : result.spans) {
    // A gang's slots need not be neighbours: only its first is known.
    by_slot[{span.node, span.slot}].push_back({span.begin, span.end});
    if (span.result) done_at[span.attempt.stage] = span.end;
  }
  for (auto& [slot, spans] : by_slot) {
    std::sort(spans.begin(), spans.end());
    for (std::size_t i = 1; i < spans.size(); ++i) EXPECT_GE(spans[i].first, spans[i - 1].second);
  }
  for (const Span& span : result.spans)
    for (sched::StageId input : scenario.graph.inputs[span.attempt.stage]) EXPECT_GE(span.begin, done_at.at(input));
}

TEST(Forecast, IsTheSameForTheSameSeed) {
  Scenario scenario = sweep_of(300, 3, 2);
  scenario.spread = 1, scenario.crash_rate = 0.1, scenario.node_life = 10'000;
  Forecast a = forecast(scenario), b = forecast(scenario);
  EXPECT_EQ(a.makespan, b.makespan);
  EXPECT_EQ(a.spans.size(), b.spans.size());
  scenario.seed = 1;
  EXPECT_NE(forecast(scenario).makespan, a.makespan);
}

// 4 stages a slot and durations that are known only to within a factor of e: docs/runner.md#5.
TEST(Forecast, ExactEstimatesComeCloseToTheBound) {
  Scenario scenario = sweep_of(10'000, 16, 8);
  scenario.spans = false;
  Forecast result = forecast(scenario);
  EXPECT_EQ(result.done, 10'000u);
  EXPECT_GE(result.makespan, result.bound);
  EXPECT_LE(result.makespan, 1.005 * result.bound + scenario.trainer_start);
}

TEST(Forecast, TellsHowManyNodesAreEnough) {
  Scenario scenario = sweep_of(400, 1, 2);
  Forecast with;
  std::uint32_t nodes = nodes_for(scenario, 4 * 3600, with);
  ASSERT_GT(nodes, 1u);
  EXPECT_LE(with.makespan, 4 * 3600);
  scenario.nodes = nodes - 1;
  EXPECT_GT(forecast(scenario).makespan, 4 * 3600);
  EXPECT_EQ(nodes_for(scenario, 10, with), 0u) << "the longest stage takes longer";
}

TEST(Forecast, RefusesStagesThatAreTooWide) {
  Scenario scenario = sweep_of(30, 1, 2);
  scenario.graph.widths = std::vector<std::uint32_t>(30, 3);
  EXPECT_THAT(refusal([&] { forecast(scenario); }), HasSubstr("a stage is 3 wide and all nodes together have 2 slots"));
}

TEST(Forecast, AGangOverSeveralNodesTakesItsSlotsOnEach) {
  Scenario scenario = sweep_of(30, 2, 2);
  scenario.graph.widths = std::vector<std::uint32_t>(30, 3);
  scenario.spans = true;
  Forecast found = forecast(scenario);
  ASSERT_EQ(found.spans.size(), 60u);
  for (const Span& span : found.spans) EXPECT_LE(span.slot + span.width, 2u);
  EXPECT_NEAR(found.busy, 3 * std::accumulate(scenario.expected.begin(), scenario.expected.end(), 0.0), 1);
}

}  // namespace
}  // namespace winnow::simulate
