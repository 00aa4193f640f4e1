// Both machines against each other in virtual time: random graphs, random delays, crashes, hangs, lost agents. Whatever
// happens, every stage ends exactly once, and nothing runs before its inputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>

#include "winnow/sched/agent.h"
#include "winnow/sched/scheduler.h"

namespace winnow::sched {
namespace {

using namespace std::chrono_literals;

enum class Nature { good, crashes_once, always_crashes, wrong, hangs_once };

class Cluster {
 public:
  Cluster(std::uint64_t seed, std::size_t stages, bool faults, bool gangs = false)
      : random_(seed), faults_(faults), gangs_(gangs) {
    Graph graph;
    if (gangs) graph.widths = {1, 2, 1, 3};
    for (StageId stage = 0; stage < stages; ++stage) {
      graph.inputs.emplace_back();
      for (int i = 0; stage > 0 && i < 2; ++i)
        if (chance(0.3)) graph.inputs.back().push_back(static_cast<StageId>(below(stage)));
      std::sort(graph.inputs.back().begin(), graph.inputs.back().end());
      auto& inputs = graph.inputs.back();
      inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
      graph.classes.push_back(static_cast<ClassId>(below(4)));
      graph.done.push_back(chance(0.05));
      if (gangs) graph.priorities.push_back(static_cast<std::uint16_t>(below(3)));
      nature_.push_back(faults && chance(0.2) ? static_cast<Nature>(1 + below(4)) : Nature::good);
      accepted_.push_back(graph.done.back());
    }
    inputs_ = graph.inputs;
    for (ClassId id : graph.classes) widths_.push_back(gangs ? graph.widths[id] : 1);
    if (gangs) graph.widths.resize(1 + *std::max_element(graph.classes.begin(), graph.classes.end()));
    ended_.resize(stages);
    scheduler_ = std::make_unique<Scheduler>(graph, Policy{}, timers_);
  }

  // Virtual seconds until the sweep ended; fails the test after a week.
  void run() {
    for (int i = 0; i < 3; ++i) add_agent();
    every(500ms, [this] { event(Scheduler::Tick{}); });
    if (gangs_) later(random_time(100s), [this] { event(Scheduler::Complete{}); });
    every(2s, [this] {
      for (auto& [id, node] : nodes_) to_agent(id, Agent::Heard{});
    });
    if (faults_)
      every(200s, [this] {
        if (chance(0.5)) lose_agent();
        if (chance(0.3)) lose_device();
      });
    while (!scheduler_->finished()) {
      ASSERT_LT(now_, 24h * 7) << "the sweep does not end";
      Happening next = agenda_.top();
      agenda_.pop();
      now_ = next.when;
      next.what();
    }
    check();
  }

 private:
  struct Happening {
    Time when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Happening& o) const { return std::tie(o.when, o.order) < std::tie(when, order); }
  };
  struct Node {
    std::unique_ptr<Agent> machine;
    Time inbox{}, outbox{};                 // messages of one direction never overtake each other
    std::map<Slot, std::uint64_t> process;  // the trainer that lives in a slot
    std::map<Slot, Attempt> runs;
    std::map<Slot, std::uint32_t> width;  // of that trainer
    std::set<Slot> closed;                // its device is gone
    std::uint32_t slots = 0;
    bool lost = false;
  };

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool chance(double p) { return std::uniform_real_distribution<>()(random_) < p; }
  Time random_time(Time most) { return Time(below(static_cast<std::uint64_t>(most.count()) + 1)); }
  void later(Time wait, std::function<void()> what) { agenda_.push({now_ + wait, order_++, std::move(what)}); }
  void every(Time period, std::function<void()> what) {
    later(period, [this, period, what] { what(), every(period, what); });
  }

  void add_agent() {
    AgentId id = next_agent_++;
    // The first agent can take every gang; with faults it may be lost, and then some fit nowhere.
    std::uint32_t slots = 1 + static_cast<std::uint32_t>(below(gangs_ ? 5 : 3));
    if (gangs_ && id == 0) slots = 3 + slots % 3;
    nodes_[id].slots = slots;
    nodes_[id].machine = std::make_unique<Agent>(slots, timers_, now_);
    to_scheduler(id, Scheduler::Joined{id, slots});
    tick_agent(id);
  }
  void tick_agent(AgentId id) {
    later(500ms, [this, id] {
      if (nodes_.at(id).lost) return;
      agent_event(id, Agent::Tick{});
      tick_agent(id);
    });
  }
  std::optional<AgentId> any_agent() {
    std::vector<AgentId> alive;
    for (auto& [id, node] : nodes_)
      if (!node.lost) alive.push_back(id);
    return alive.empty() ? std::nullopt : std::optional(alive[below(alive.size())]);
  }
  // Killed, or stopped for ever: sometimes its connection closes, sometimes nobody is told.
  void lose_agent() {
    std::optional<AgentId> found = any_agent();
    if (!found) return;
    AgentId id = *found;
    nodes_.at(id).lost = true;
    if (chance(0.5)) event(Scheduler::Left{id});
    later(random_time(60s), [this] { add_agent(); });
  }

  // The agent sees it before its trainer does, or after that has died of it.
  void lose_device() {
    std::optional<AgentId> found = any_agent();
    if (!found) return;
    AgentId id = *found;
    Slot slot = static_cast<Slot>(below(nodes_.at(id).slots));
    if (nodes_.at(id).process[slot] && chance(0.5)) die(id, slot);
    agent_event(id, Agent::Closed{slot, "its GPU was lost"});
    nodes_.at(id).closed.insert(slot);
  }

  void to_scheduler(AgentId id, Scheduler::Event message) {
    Node& node = nodes_.at(id);
    node.outbox = std::max(node.outbox, now_ + random_time(chance(0.02) ? Time(3s) : Time(10ms)));
    later(node.outbox - now_, [this, message] { event(message); });
  }
  void to_agent(AgentId id, Agent::Event message) {
    Node& node = nodes_.at(id);
    node.inbox = std::max(node.inbox, now_ + random_time(10ms));
    later(node.inbox - now_, [this, id, message] { agent_event(id, message); });
  }

  void event(const Scheduler::Event& e) {
    Scheduler::Commands out;
    scheduler_->on(e, now_, out);
    for (const auto& command : out) std::visit([this](const auto& c) { execute(c); }, command);
  }
  void execute(const Scheduler::Assign& c) { to_agent(c.agent, Agent::Given{c.attempt, widths_[c.attempt.stage]}); }
  void execute(const Scheduler::Retract& c) { to_agent(c.agent, Agent::Retracted{c.attempt}); }
  void execute(const Scheduler::Cancel& c) { to_agent(c.agent, Agent::Cancelled{c.attempt}); }
  void execute(const Scheduler::Accept& c) {
    EXPECT_FALSE(accepted_[c.attempt.stage]) << "accepted twice: " << c.attempt.stage;
    EXPECT_TRUE(committed_.count(c.attempt.stage)) << "accepted without a result";
    accepted_[c.attempt.stage] = true;
    ++ended_[c.attempt.stage];
  }
  void execute(const Scheduler::Retry&) {}
  void execute(const Scheduler::Fail& c) { ++ended_[c.last.stage]; }
  void execute(const Scheduler::Block& c) {
    ++ended_[c.stage];
    EXPECT_GT(ended_[c.because], 0);
  }
  void execute(const Scheduler::TooWide& c) {
    EXPECT_TRUE(gangs_ && faults_) << "nothing is too wide here";
    EXPECT_EQ(c.width, widths_[c.stage]);
    EXPECT_GT(c.width, c.largest);
    ++ended_[c.stage];
  }
  void execute(const Scheduler::LoseAgent&) {}
  void execute(const Scheduler::StopAll&) {}

  void agent_event(AgentId id, const Agent::Event& e) {
    if (nodes_.at(id).lost) return;
    Agent::Commands out;
    nodes_.at(id).machine->on(e, now_, out);
    for (const auto& command : out) std::visit([&](const auto& c) { execute(id, c); }, command);
  }
  void execute(AgentId id, const Agent::Prepare& c) {
    later(random_time(20ms), [=, this] { agent_event(id, Agent::Prepared{c.attempt}); });
  }
  void execute(AgentId id, const Agent::StartTrainer& c) {
    Node& node = nodes_.at(id);
    std::uint64_t process = node.process[c.slot] = ++processes_;
    auto width = static_cast<std::uint32_t>(c.slots.size());
    EXPECT_EQ(c.slots.front(), c.slot);
    for (Slot slot : c.slots) EXPECT_FALSE(node.closed.count(slot)) << "started where the device is gone";
    node.width[c.slot] = width;
    std::uint32_t taken = 0;
    for (const auto& [slot, width] : node.width)
      if (node.process[slot]) taken += width;
    EXPECT_LE(taken, node.slots) << "more processes than slots";
    EXPECT_LE(width, node.slots);
    later(random_time(2s), [=, this] {
      if (lives(id, c.slot, process)) agent_event(id, Agent::TrainerReady{c.slot});
    });
  }
  void execute(AgentId id, const Agent::Run& c) {
    for (StageId input : inputs_[c.attempt.stage]) EXPECT_TRUE(accepted_[input]) << "ran before its input";
    Node& node = nodes_.at(id);
    EXPECT_EQ(node.width[c.slot], widths_[c.attempt.stage]);
    node.runs[c.slot] = c.attempt;
    std::uint64_t process = node.process[c.slot];
    Nature nature = nature_[c.attempt.stage];
    std::uint32_t time = runs_[c.attempt.stage]++;
    later(random_time(30s), [=, this] {
      if (!lives(id, c.slot, process) || nodes_.at(id).runs[c.slot] != c.attempt) return;
      if (nature == Nature::always_crashes || (nature == Nature::crashes_once && time == 0)) return die(id, c.slot);
      if (nature == Nature::wrong) return agent_event(id, Agent::StageFailed{c.slot, FailureClass::user});
      if (nature == Nature::hangs_once && time == 0) return;
      agent_event(id, Agent::Progressed{c.slot, 1});
      agent_event(id, Agent::Finished{c.slot});
    });
  }
  void execute(AgentId id, const Agent::StopStage& c) {
    std::uint64_t process = nodes_.at(id).process[c.slot];
    nodes_.at(id).runs.erase(c.slot);
    if (chance(0.8))
      later(random_time(1s), [=, this] {
        if (lives(id, c.slot, process)) agent_event(id, Agent::StageStopped{c.slot});
      });
  }
  void execute(AgentId id, const Agent::KillTrainer& c) {
    later(random_time(50ms), [=, this, p = nodes_.at(id).process[c.slot]] {
      if (lives(id, c.slot, p)) die(id, c.slot);
    });
  }
  void execute(AgentId id, const Agent::QuitTrainer& c) { execute(id, Agent::KillTrainer{c.slot, {}}); }
  void execute(AgentId id, const Agent::Commit& c) {
    later(random_time(50ms), [=, this] {
      if (nodes_.at(id).lost) return;
      committed_.insert(c.attempt.stage);
      agent_event(id, Agent::Committed{c.attempt});
    });
  }
  // One that has lost its last device ends by itself, and another one is started.
  void execute(AgentId id, const Agent::Exit&) {
    nodes_.at(id).lost = true;
    if (nodes_.at(id).closed.size() < nodes_.at(id).slots) return;
    later(Time(10s), [this, id] { event(Scheduler::Left{id}); });
    later(random_time(60s), [this] { add_agent(); });
  }
  void execute(AgentId id, const Agent::ReportSlots& c) { to_scheduler(id, Scheduler::Resized{id, c.slots}); }
  void execute(AgentId id, const Agent::ReportStarted& c) { to_scheduler(id, Scheduler::Started{id, c.attempt}); }
  void execute(AgentId id, const Agent::ReportDone& c) { to_scheduler(id, Scheduler::Done{id, c.attempt, 15}); }
  void execute(AgentId id, const Agent::ReportFailed& c) { to_scheduler(id, Scheduler::Failed{id, c.attempt, c.why}); }
  void execute(AgentId id, const Agent::ReportReturned& c) { to_scheduler(id, Scheduler::Returned{id, c.attempt}); }
  void execute(AgentId id, const Agent::SendHeartbeat& c) { to_scheduler(id, Scheduler::Beat{id, c.held}); }

  bool lives(AgentId id, Slot slot, std::uint64_t process) {
    return !nodes_.at(id).lost && nodes_.at(id).process[slot] == process;
  }
  void die(AgentId id, Slot slot) {
    nodes_.at(id).process[slot] = 0;
    nodes_.at(id).runs.erase(slot);
    agent_event(id, Agent::TrainerGone{slot});
  }

  void check() {
    for (StageId stage = 0; stage < ended_.size(); ++stage) {
      EXPECT_EQ(ended_[stage], accepted_[stage] && ended_[stage] == 0 ? 0 : 1) << "stage " << stage;
      bool hopeless = nature_[stage] == Nature::always_crashes || nature_[stage] == Nature::wrong;
      EXPECT_FALSE(hopeless && committed_.count(stage)) << stage;
      EXPECT_TRUE(faults_ || accepted_[stage]) << stage;
    }
    EXPECT_EQ(scheduler_->counts().open, 0u);
  }

  std::mt19937_64 random_;
  bool faults_, gangs_;
  Timers timers_;
  Time now_{};
  std::uint64_t order_ = 0, processes_ = 0;
  std::priority_queue<Happening> agenda_;
  std::unique_ptr<Scheduler> scheduler_;
  std::map<AgentId, Node> nodes_;
  AgentId next_agent_ = 0;
  std::vector<Nature> nature_;
  std::vector<std::vector<StageId>> inputs_;
  std::vector<std::uint32_t> widths_;
  std::vector<bool> accepted_;
  std::vector<int> ended_;
  std::set<StageId> committed_;
  std::map<StageId, std::uint32_t> runs_;
};

TEST(Cluster, WithoutFaultsEveryStageIsDone) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Cluster(seed, 1 + seed * 2, false).run();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Cluster, WithFaultsEveryStageEndsExactlyOnce) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Cluster(seed, 1 + seed % 120, true).run();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Cluster, GangsTakeTheirSlotsTogetherAndStarveNobody) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Cluster(seed, 1 + seed % 120, seed % 3 != 0, /*gangs=*/true).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace winnow::sched
