// Both machines against each other in virtual time: random graphs, random delays, crashes, hangs, lost agents and
// devices. Whatever happens, every stage ends exactly once, and nothing runs before its inputs.
#include "winnow/simulate/cluster.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>

namespace winnow::simulate {
namespace {

using namespace std::chrono_literals;
using sched::AgentId;
using sched::Attempt;
using sched::Scheduler;
using sched::Slot;
using sched::StageId;
using sched::Time;

// How many random clusters with faults a test makes. tests/faults/faults.py --simulated asks for more than usual.
std::uint64_t schedules(std::uint64_t usual) {
  const char* asked = std::getenv("WINNOW_SIMULATED");
  return asked ? std::strtoull(asked, nullptr, 10) : usual;
}

// What happened in all of them.
struct Toll {
  std::uint64_t stages = 0, executions = 0, crashed = 0, failed = 0, hung = 0, nodes = 0, devices = 0;
  std::string text(std::uint64_t clusters) const {
    return fmt::format(
        "simulated: {} clusters, {} stages, {} executions: {} crashed, {} failed, {} hung; {} nodes lost, {} devices "
        "lost",
        clusters, stages, executions, crashed, failed, hung, nodes, devices);
  }
};

enum class Nature { good, crashes_once, always_crashes, wrong, hangs_once };

// Draws a graph and what happens to it, and checks what is promised while it happens.
class RandomRun : World, Watcher {
 public:
  // `sick`: an agent on which every trainer dies at once.
  RandomRun(std::uint64_t seed, std::size_t stages, bool faults, bool gangs = false, std::optional<AgentId> sick = {})
      : random_(seed), faults_(faults), gangs_(gangs), sick_(sick), graph_(draw_graph(stages)),
        cluster_(graph_, sched::Policy{}, sched::Timers{}, *this, *this, 500ms) {
    ended_.resize(stages);
    toll_.stages = stages;
    for (StageId stage = 0; stage < stages; ++stage)
      widths_.push_back(gangs ? graph_.widths[graph_.classes[stage]] : 1);
  }

  int over_several() const { return over_several_; }

  void add_to(Toll& toll) const {
    toll.stages += toll_.stages, toll.executions += toll_.executions, toll.crashed += toll_.crashed;
    toll.failed += toll_.failed, toll.hung += toll_.hung, toll.nodes += toll_.nodes, toll.devices += toll_.devices;
  }

  void run() {
    for (int i = 0; i < 3; ++i) add_node();
    if (gangs_) cluster_.later(random_time(100s), [this] { cluster_.no_further_nodes(); });
    if (faults_)
      cluster_.every(200s, [this] {
        if (chance(0.5)) lose_node();
        if (chance(0.3)) lose_device();
      });
    cluster_.every(1s, [this] { replace_those_without_devices(); });
    ASSERT_TRUE(cluster_.run(24h * 7)) << "the sweep does not end";
    check();
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool chance(double p) { return std::uniform_real_distribution<>()(random_) < p; }
  Time random_time(Time most) { return Time(below(static_cast<std::uint64_t>(most.count()) + 1)); }

  sched::Graph draw_graph(std::size_t stages) {
    sched::Graph graph;
    if (gangs_) graph.widths = {1, 2, 1, 3};
    for (StageId stage = 0; stage < stages; ++stage) {
      std::vector<StageId>& inputs = graph.inputs.emplace_back();
      for (int i = 0; stage > 0 && i < 2; ++i)
        if (chance(0.3)) inputs.push_back(static_cast<StageId>(below(stage)));
      std::sort(inputs.begin(), inputs.end());
      inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
      graph.classes.push_back(static_cast<sched::ClassId>(below(4)));
      graph.done.push_back(chance(0.05));
      if (gangs_) graph.priorities.push_back(static_cast<std::uint16_t>(below(3)));
      nature_.push_back(faults_ && chance(0.2) ? static_cast<Nature>(1 + below(4)) : Nature::good);
      accepted_.push_back(graph.done.back());
    }
    if (gangs_) graph.widths.resize(1 + *std::max_element(graph.classes.begin(), graph.classes.end()));
    return graph;
  }

  void add_node() {
    // Agents together can take every gang, most of them alone; those that are lost are replaced.
    std::uint32_t slots = 1 + static_cast<std::uint32_t>(below(gangs_ ? 5 : 3));
    if (gangs_ && trainers_.empty() && chance(0.5)) slots = 3 + slots % 3;
    trainers_[cluster_.add_node(slots)];
  }
  std::optional<AgentId> any_node() {
    std::vector<AgentId> alive = cluster_.nodes();
    return alive.empty() ? std::nullopt : std::optional(alive[below(alive.size())]);
  }
  // Killed, or stopped for ever.
  void lose_node() {
    std::optional<AgentId> found = any_node();
    if (!found) return;
    cluster_.lose_node(*found, chance(0.5));
    ++toll_.nodes;
    cluster_.later(random_time(60s), [this] { add_node(); });
  }
  void lose_device() {
    std::optional<AgentId> found = any_node();
    if (!found) return;
    auto slot = static_cast<Slot>(below(cluster_.slots_of(*found)));
    ++toll_.devices;
    cluster_.lose_device(*found, slot, chance(0.5));  // what dies of it may be started there again, before
    closed_[*found].insert(slot);
  }
  // An agent that has lost its last device ends by itself.
  void replace_those_without_devices() {
    for (auto& [id, closed] : closed_)
      if (closed.size() == cluster_.slots_of(id) && replaced_.insert(id).second)
        cluster_.later(random_time(60s), [this] { add_node(); });
  }

  // World
  Fate fate(StageId stage, std::uint32_t execution, AgentId agent) override {
    Fate drawn = drawn_fate(stage, execution, agent);
    ++toll_.executions;
    toll_.crashed += drawn.end == Fate::End::crashes;
    toll_.failed += drawn.end == Fate::End::fails;
    toll_.hung += drawn.end == Fate::End::hangs;
    return drawn;
  }
  Fate drawn_fate(StageId stage, std::uint32_t execution, AgentId agent) {
    if (agent == sick_) return {random_time(100ms), Fate::End::crashes};
    Time after = random_time(30s);
    switch (nature_[stage]) {
      case Nature::always_crashes: return {after, Fate::End::crashes};
      case Nature::crashes_once: return {after, execution == 0 ? Fate::End::crashes : Fate::End::done};
      case Nature::wrong: return {after, Fate::End::fails};
      case Nature::hangs_once: return {after, execution == 0 ? Fate::End::hangs : Fate::End::done};
      case Nature::good: break;
    }
    return {after, Fate::End::done};
  }
  Time delay(Delay what) override {
    switch (what) {
      case Delay::to_scheduler: return random_time(chance(0.02) ? Time(3s) : Time(10ms));
      case Delay::to_agent: return random_time(10ms);
      case Delay::preparation: return random_time(20ms);
      case Delay::trainer_start: return random_time(2s);
      case Delay::commit:
      case Delay::end_of_process: return random_time(50ms);
      case Delay::stop: break;
    }
    return random_time(1s);
  }
  bool answers_stop() override { return chance(0.8); }

  // Watcher
  void decided(const Scheduler::Command& command, Time) override {
    std::visit([this](const auto& c) { check(c); }, command);
  }
  template <class Other>
  void check(const Other&) {}
  void check(const Scheduler::Accept& c) {
    EXPECT_FALSE(accepted_[c.attempt.stage]) << "accepted twice: " << c.attempt.stage;
    EXPECT_TRUE(committed_.count(c.attempt.stage)) << "accepted without a result";
    accepted_[c.attempt.stage] = true;
    ++ended_[c.attempt.stage];
  }
  void check(const Scheduler::Fail& c) { ++ended_[c.last.stage]; }
  void check(const Scheduler::Block& c) {
    ++ended_[c.stage];
    EXPECT_GT(ended_[c.because], 0);
  }
  void check(const Scheduler::TooWide&) { ADD_FAILURE() << "nothing is too wide for all nodes together"; }
  void check(const Scheduler::Begin& c) {
    std::uint32_t slots = 0;
    for (const sched::Part& part : c.parts) slots += part.slots;
    EXPECT_EQ(slots, widths_[c.attempt.stage]);
    EXPECT_GT(c.parts.size(), 1u);
    parts_[c.attempt] = c.parts;
  }
  void trainer_started(AgentId id, const std::vector<Slot>& slots, Time) override {
    for (Slot slot : slots) EXPECT_FALSE(closed_[id].count(slot)) << "started where the device is gone";
    trainers_[id][slots.front()] = static_cast<std::uint32_t>(slots.size());
    std::uint32_t taken = 0;
    for (const auto& [slot, width] : trainers_[id]) taken += width;
    EXPECT_LE(taken, cluster_.slots_of(id)) << "more processes than slots";
  }
  void trainer_gone(AgentId id, Slot slot, Time) override { trainers_[id].erase(slot); }
  void begun(AgentId id, Slot slot, Attempt attempt, Time) override {
    for (StageId input : graph_.inputs[attempt.stage]) EXPECT_TRUE(accepted_[input]) << "ran before its input";
    auto gang = parts_.find(attempt);
    if (gang == parts_.end()) EXPECT_EQ(trainers_[id][slot], widths_[attempt.stage]);
    else
      for (const sched::Part& part : gang->second) {
        bool there = false;
        for (const auto& [first, width] : trainers_[part.agent]) there = there || width == part.slots;
        EXPECT_TRUE(there) << "a part of the gang is not there";
      }
    over_several_ += gang != parts_.end();
  }
  void committed(Attempt attempt, Time) override { committed_.insert(attempt.stage); }

  void check() {
    for (StageId stage = 0; stage < ended_.size(); ++stage) {
      EXPECT_EQ(ended_[stage], graph_.done[stage] ? 0 : 1) << "stage " << stage;
      bool hopeless = nature_[stage] == Nature::always_crashes || nature_[stage] == Nature::wrong;
      EXPECT_FALSE(hopeless && committed_.count(stage)) << stage;
      EXPECT_TRUE(faults_ || accepted_[stage]) << stage;
    }
    EXPECT_EQ(cluster_.scheduler().counts().open, 0u);
  }

  std::mt19937_64 random_;
  bool faults_, gangs_;
  std::optional<AgentId> sick_;
  std::vector<Nature> nature_;
  std::vector<bool> accepted_;
  sched::Graph graph_;
  Cluster cluster_;
  std::vector<std::uint32_t> widths_;
  std::vector<int> ended_;
  std::set<StageId> committed_;
  std::map<AgentId, std::map<Slot, std::uint32_t>> trainers_;  // widths of those that live, by first slot
  std::map<AgentId, std::set<Slot>> closed_;
  std::set<AgentId> replaced_;
  std::map<Attempt, std::vector<sched::Part>> parts_;  // over several agents
  int over_several_ = 0;                               // executions of them
  Toll toll_;
};

TEST(Cluster, WithoutFaultsEveryStageIsDone) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun(seed, 1 + seed * 2, false).run();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Cluster, WithFaultsEveryStageEndsExactlyOnce) {
  const std::uint64_t clusters = schedules(500);
  Toll toll;
  for (std::uint64_t seed = 0; seed < clusters; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun run(seed, 1 + seed % 120, true);
    run.run();
    run.add_to(toll);
    if (testing::Test::HasFailure()) return;
  }
  fmt::print("{}\n", toll.text(clusters));
  EXPECT_TRUE(toll.crashed && toll.failed && toll.hung && toll.nodes && toll.devices) << toll.text(clusters);
}

TEST(Cluster, ASickNodeTakesNoStageWithIt) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun(seed, 1 + seed, /*faults=*/false, /*gangs=*/false, /*sick=*/1).run();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Cluster, GangsTakeTheirSlotsTogetherAndStarveNobody) {
  const std::uint64_t clusters = schedules(600);
  Toll toll;
  std::uint64_t over_several = 0;
  for (std::uint64_t seed = 0; seed < clusters; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun run(seed, 1 + seed % 120, seed % 3 != 0, /*gangs=*/true);
    run.run();
    run.add_to(toll);
    over_several += static_cast<std::uint64_t>(run.over_several());
    if (testing::Test::HasFailure()) return;
  }
  fmt::print("{}; {} executions over several nodes\n", toll.text(clusters), over_several);
  EXPECT_GT(over_several, clusters / 3) << "hardly a gang was over several agents";
  EXPECT_TRUE(toll.crashed && toll.failed && toll.hung && toll.nodes && toll.devices) << toll.text(clusters);
}

}  // namespace
}  // namespace winnow::simulate
