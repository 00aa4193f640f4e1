// Both machines explored exhaustively: two agents, three stages, a gang of two among them, and every order in which
// messages, processes and at most two faults can happen. No result is lost or accepted twice, no run stands still.
//
// Faults: a message is lost, doubled, or late; a trainer dies or hangs; an agent dies, with a word or without; the
// coordinator dies, and a new one starts with what is in the store. Time passes when nothing else can happen: a message
// that is under way and a process that works are never slower than that, unless a fault made them so.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "remembered.h"
#include "state_bytes.h"
#include "winnow/core/hash.h"
#include "winnow/sched/agent.h"
#include "winnow/sched/scheduler.h"

namespace winnow::sched {
namespace {

using namespace std::chrono_literals;

Timers quick() {
  Timers timers;
  timers.join = 4s;
  timers.trainer_start = 8s;
  timers.first_progress = timers.least_hang = 8s;
  timers.stop = 4s;
  timers.longest_backoff = timers.avoid = 4s;
  return timers;
}

constexpr std::size_t kStages = 3;

// The slots of the two agents; stages: width 1; width 1, of the first's result; a gang of two.
struct Setting {
  std::vector<std::uint32_t> slots;
  std::vector<std::uint32_t> widths = {1, 1, 2};
};

Graph small_graph(const Setting& setting, std::bitset<kStages> done) {
  Graph graph;
  graph.widths = {1, 2};
  for (StageId stage = 0; stage < setting.widths.size(); ++stage) {
    graph.classes.push_back(setting.widths[stage] - 1);
    graph.inputs.emplace_back();
    graph.done.push_back(done[stage]);
  }
  if (setting.widths[1] == 1) graph.inputs[1] = {0};
  return graph;
}

constexpr std::size_t kLongest = 1000;  // things that happen until all is done: more is standing still
constexpr Time kStep = 2s;              // of time that passes: agents beat in each

// What an agent has asked its node for, and what is under way there.
struct Task {
  enum class Kind { prepare, free, ready, finish, kill, stop, commit, part } kind;
  Slot slot = 0;
  Attempt attempt{};
  bool slow = false;  // finish: it hangs
  bool quit = false;  // kill: it ends by itself
};

using Agents = Remembered<Agent>;
using Schedulers = Remembered<Scheduler>;

template <class Machine>
struct Channel {
  using EventId = typename Remembered<Machine>::EventId;
  std::vector<EventId> messages;  // the first is the next
  int late = 0;                   // steps of time for which nothing gets through

  EventId take() {
    EventId first = messages.front();
    messages.erase(messages.begin());
    return first;
  }
  void repeat() { messages.insert(messages.begin(), messages.front()); }
};

struct Node {
  const Agents::State* agent;
  bool alive = true, dropped = false;  // dropped: by the coordinator
  Channel<Agent> down;
  Channel<Scheduler> up;
  std::vector<Task> tasks;
};

// A gang over both agents: where its processes are, if they are.
struct Gang {
  AgentId leader, member;
  std::optional<Slot> leads = {};  // slot, once it is started
};

// A world at a moment. Copied for everything that can happen next.
struct World {
  const Schedulers::State* coordinator = nullptr;
  std::vector<Node> nodes;
  std::vector<Attempt> orphans;  // results that agents of a coordinator that died are committing
  std::bitset<kStages> committed, accepted;
  std::array<std::uint32_t, kStages> attempts{};  // the last number given out
  std::map<Attempt, Gang> gangs;
  const Setting* setting = nullptr;
  Agents* agents = nullptr;
  Schedulers* schedulers = nullptr;
  Time now{};
  int faults = 0;  // that may still happen
};

class Exploration {
 public:
  Exploration(const Setting& setting, int faults) {
    World world;
    world.setting = &setting;
    world.agents = &agents_;
    world.schedulers = &schedulers_;
    world.faults = faults;
    start(world);
    explore(world);
  }

  std::size_t states() const { return seen_.size(); }
  std::size_t ends() const { return ends_; }
  const std::map<std::string, std::size_t>& happened() const { return happened_; }

 private:
  using Next = std::function<void(World&)>;

  static void start(World& world) {
    Scheduler scheduler(small_graph(*world.setting, world.committed), Policy{}, quick());
    world.accepted = world.committed;
    for (StageId stage = 0; stage < kStages; ++stage) scheduler.attempted(stage, world.attempts[stage]);
    world.coordinator = world.schedulers->state(std::move(scheduler), world.now);
    world.nodes.clear();
    world.gangs.clear();
    for (std::uint32_t slots : world.setting->slots) join(world, slots);
    event(world, Scheduler::Complete{});
  }

  static void join(World& world, std::uint32_t slots) {
    auto id = static_cast<AgentId>(world.nodes.size());
    world.nodes.push_back({world.agents->state(Agent(slots, quick(), world.now), world.now), true, false, {}, {}, {}});
    event(world, Scheduler::Joined{id, slots});
  }

  static void event(World& world, const Scheduler::Event& happened) {
    hear(world, world.schedulers->number_of(happened));
  }
  static void event(World& world, AgentId id, const Agent::Event& happened) {
    hear(world, id, world.agents->number_of(happened));
  }
  static void hear(World& world, Schedulers::EventId happened) {
    const auto& answer = world.schedulers->answer(world.coordinator, happened, world.now);
    world.coordinator = answer.then;
    for (const auto& command : answer.commands) std::visit([&](const auto& c) { execute(world, c); }, command);
  }
  static void hear(World& world, AgentId id, Agents::EventId happened) {
    if (!world.nodes[id].alive) return;
    const auto& answer = world.agents->answer(world.nodes[id].agent, happened, world.now);
    world.nodes[id].agent = answer.then;
    for (const auto& command : answer.commands) std::visit([&](const auto& c) { execute(world, id, c); }, command);
  }

  static void execute(World& world, const Scheduler::Assign& c) {
    world.attempts[c.attempt.stage] = c.attempt.number;
    EXPECT_TRUE(c.attempt.stage != 1 || world.setting->widths[1] > 1 || world.accepted[0])
        << "given before its input was there";
    tell(world, c.agent, Agent::Given{c.attempt, c.slots, {}, c.part});
  }
  static void execute(World& world, const Scheduler::Begin& c) {
    world.gangs[c.attempt] = {c.agent, c.parts[1].agent};
    tell(world, c.agent, Agent::Begin{c.attempt});
  }
  static void execute(World& world, const Scheduler::Release& c) { tell(world, c.agent, Agent::Released{c.attempt}); }
  // Nobody speaks to an agent that was given up.
  static void tell(World& world, AgentId id, const Agent::Event& message) {
    if (!world.nodes[id].dropped) world.nodes[id].down.messages.push_back(world.agents->number_of(message));
  }
  static void execute(World& world, const Scheduler::Retract& c) { tell(world, c.agent, Agent::Retracted{c.attempt}); }
  static void execute(World& world, const Scheduler::Cancel& c) { tell(world, c.agent, Agent::Cancelled{c.attempt}); }
  static void execute(World& world, const Scheduler::Accept& c) {
    EXPECT_TRUE(world.committed[c.attempt.stage]) << "accepted, and there is no result";
    EXPECT_FALSE(world.accepted[c.attempt.stage]) << "accepted twice";
    world.accepted.set(c.attempt.stage);
  }
  static void execute(World&, const Scheduler::Retry&) {}
  static void execute(World&, const Scheduler::Fail& c) {
    ADD_FAILURE() << "two faults made stage " << c.last.stage << " fail for good: " << to_string(c.why);
  }
  static void execute(World&, const Scheduler::Block&) { ADD_FAILURE() << "a stage is blocked"; }
  static void execute(World&, const Scheduler::Withdrawn&) { ADD_FAILURE() << "nobody asked for it"; }
  static void execute(World&, const Scheduler::Revived&) { ADD_FAILURE() << "nobody asked for it"; }
  static void execute(World&, const Scheduler::TooWide&) { ADD_FAILURE() << "all agents together have its slots"; }
  // Nothing is said to it any more, and so it ends; what it says late still counts.
  static void execute(World& world, const Scheduler::LoseAgent& c) {
    world.nodes[c.agent].dropped = true;
    world.nodes[c.agent].down = {};
    replace_the_last(world);
  }
  static void execute(World&, const Scheduler::Quarantine&) { ADD_FAILURE() << "two faults are no quarantine"; }
  static void execute(World&, const Scheduler::Readmit&) {}
  static void execute(World&, const Scheduler::StopAll&) {}

  static void execute(World& world, AgentId id, const Agent::Prepare& c) {
    world.nodes[id].tasks.push_back({Task::Kind::prepare, 0, c.attempt});
  }
  static void execute(World& world, AgentId id, const Agent::FreeSlots& c) {
    world.nodes[id].tasks.push_back({Task::Kind::free, c.slot});
  }
  // The launch of a gang calls its processes on the other agent.
  static void execute(World& world, AgentId id, const Agent::StartTrainer& c) {
    world.nodes[id].tasks.push_back({Task::Kind::ready, c.slot, c.gang.value_or(Attempt{})});
    auto gang = c.gang ? world.gangs.find(*c.gang) : world.gangs.end();
    if (gang == world.gangs.end()) return;
    gang->second.leads = c.slot;
    tell(world, gang->second.member, Agent::Called{*c.gang});
  }
  static void execute(World& world, AgentId id, const Agent::StartPart& c) {
    world.nodes[id].tasks.push_back({Task::Kind::part, c.slot, c.attempt});
    if (!world.gangs.count(c.attempt)) world.nodes[id].tasks.push_back({Task::Kind::kill, c.slot});  // it finds nobody
  }
  static void execute(World& world, AgentId id, const Agent::Run& c) {
    for (const Task& task : world.nodes[id].tasks)
      EXPECT_FALSE(task.kind == Task::Kind::finish && task.attempt.stage == c.attempt.stage)
          << "an agent runs a stage twice at a time";
    world.nodes[id].tasks.push_back({Task::Kind::finish, c.slot, c.attempt});
  }
  static void execute(World& world, AgentId id, const Agent::StopStage& c) {
    drop(world.nodes[id], c.slot, Task::Kind::finish);
    world.nodes[id].tasks.push_back({Task::Kind::stop, c.slot});
  }
  static void execute(World& world, AgentId id, const Agent::KillTrainer& c) {
    world.nodes[id].tasks.push_back({Task::Kind::kill, c.slot});
  }
  // A part ends with its gang.
  static void execute(World& world, AgentId id, const Agent::QuitTrainer& c) {
    for (const Task& task : world.nodes[id].tasks)
      if (task.kind == Task::Kind::part && task.slot == c.slot) return;
    world.nodes[id].tasks.push_back({Task::Kind::kill, c.slot, {}, false, true});
  }
  static void execute(World& world, AgentId id, const Agent::Commit& c) {
    world.nodes[id].tasks.push_back({Task::Kind::commit, c.slot, c.attempt});
  }
  static void execute(World& world, AgentId id, const Agent::Exit&) {
    say(world, id, Scheduler::Left{id});
    agent_gone(world, id);
  }
  static void execute(World& world, AgentId id, const Agent::ReportStarted& c) {
    say(world, id, Scheduler::Started{id, c.attempt});
  }
  static void execute(World& world, AgentId id, const Agent::ReportReserved& c) {
    say(world, id, Scheduler::Reserved{id, c.attempt});
  }
  static void execute(World& world, AgentId id, const Agent::ReportDone& c) {
    say(world, id, Scheduler::Done{id, c.attempt, c.outcome});
  }
  static void execute(World& world, AgentId id, const Agent::ReportFailed& c) {
    say(world, id, Scheduler::Failed{id, c.attempt, c.why, ""});
  }
  static void execute(World& world, AgentId id, const Agent::ReportReturned& c) {
    say(world, id, Scheduler::Returned{id, c.attempt});
  }
  static void execute(World& world, AgentId id, const Agent::ReportSlots& c) {
    say(world, id, Scheduler::Resized{id, c.slots});
  }
  static void execute(World& world, AgentId id, const Agent::SendHeartbeat& c) {
    say(world, id, Scheduler::Beat{id, c.held});
  }
  static void execute(World& world, AgentId id, const Agent::Quarantined& c) {
    say(world, id, Scheduler::Forgive{id, c.failed});
  }
  static void execute(World&, AgentId, const Agent::Readmitted&) {}
  static void say(World& world, AgentId id, const Scheduler::Event& message) {
    world.nodes[id].up.messages.push_back(world.schedulers->number_of(message));
  }

  // Everything that its trainer does is over.
  static void drop(Node& node, Slot slot, Task::Kind kind) {
    std::erase_if(node.tasks, [&](const Task& task) { return task.kind == kind && task.slot == slot; });
  }
  static void trainer_dies(World& world, AgentId id, Slot slot, bool well = false) {
    std::optional<Attempt> gang = gang_in(world, id, slot);
    for (auto kind : {Task::Kind::ready, Task::Kind::finish, Task::Kind::kill, Task::Kind::stop, Task::Kind::part})
      drop(world.nodes[id], slot, kind);
    if (gang) end_others(world, *gang, id, well);
    event(world, id, Agent::TrainerGone{slot, "", well});
  }
  static std::optional<Attempt> gang_in(const World& world, AgentId id, Slot slot) {
    for (const Task& task : world.nodes[id].tasks)
      if (task.kind == Task::Kind::part && task.slot == slot) return task.attempt;
    for (const auto& [attempt, gang] : world.gangs)
      if (gang.leader == id && gang.leads == slot) return attempt;
    return std::nullopt;
  }
  // The processes of a gang end together.
  static void end_others(World& world, Attempt attempt, AgentId except, bool well) {
    auto found = world.gangs.find(attempt);
    if (found == world.gangs.end()) return;
    Gang gang = found->second;
    world.gangs.erase(found);
    if (gang.leader != except && gang.leads && world.nodes[gang.leader].alive)
      trainer_dies(world, gang.leader, *gang.leads);
    const std::vector<Task> tasks = world.nodes[gang.member].tasks;
    for (const Task& task : tasks)
      if (task.kind == Task::Kind::part && task.attempt == attempt && gang.member != except)
        part_ends(world, gang.member, task.slot, well);
  }
  static void part_ends(World& world, AgentId id, Slot slot, bool well) {
    for (auto kind : {Task::Kind::kill, Task::Kind::part}) drop(world.nodes[id], slot, kind);
    event(world, id, Agent::TrainerGone{slot, "", well});
  }
  static void agent_gone(World& world, AgentId id) {
    Node& node = world.nodes[id];
    node.alive = false;
    node.tasks.clear();
    node.down = {};
    const std::map<Attempt, Gang> gangs = world.gangs;
    for (const auto& [attempt, gang] : gangs)
      if (gang.leader == id || gang.member == id) end_others(world, attempt, id, false);
    replace_the_last(world);
  }
  // A coordinator without agents starts another one, or is started again with new ones.
  static void replace_the_last(World& world) {
    for (const Node& node : world.nodes)
      if (node.alive && !node.dropped) return;
    join(world, 2);
  }

  static void perform(World& world, AgentId id, std::size_t index) {
    Task task = world.nodes[id].tasks[index];
    world.nodes[id].tasks.erase(world.nodes[id].tasks.begin() + static_cast<std::ptrdiff_t>(index));
    switch (task.kind) {
      case Task::Kind::prepare: return event(world, id, Agent::Prepared{task.attempt});
      case Task::Kind::free: return event(world, id, Agent::SlotsFree{task.slot});
      case Task::Kind::part: return;
      case Task::Kind::ready: return event(world, id, Agent::TrainerReady{task.slot});
      case Task::Kind::finish: return event(world, id, Agent::Finished{task.slot});
      case Task::Kind::stop: return event(world, id, Agent::StageStopped{task.slot});
      case Task::Kind::kill: return trainer_dies(world, id, task.slot, task.quit);
      case Task::Kind::commit:
        world.committed.set(task.attempt.stage);
        return event(world, id, Agent::Committed{task.attempt, {1, "committed", "", 0}});
    }
  }

  // Heartbeats are sent and received, clocks are looked at.
  static void pass_time(World& world) {
    world.now += kStep;
    for (Node& node : world.nodes) {
      node.down.late = std::max(node.down.late - 1, 0);
      node.up.late = std::max(node.up.late - 1, 0);
    }
    event(world, Scheduler::Tick{});
    for (AgentId id = 0; id < world.nodes.size(); ++id) {
      if (!world.nodes[id].alive) continue;
      const Node& node = world.nodes[id];
      if (!node.dropped && node.down.messages.empty() && node.down.late == 0) event(world, id, Agent::Heard{});
      event(world, id, Agent::Tick{});
    }
  }

  // All that can happen.
  std::vector<std::pair<const char*, Next>> next(const World& world) const {
    std::vector<std::pair<const char*, Next>> result;
    bool pending = false;
    auto add = [&](const char* what, Next happens) { result.emplace_back(what, std::move(happens)); };
    auto fault = [&](const char* what, Next happens) {
      if (world.faults > 0) add(what, [happens = std::move(happens)](World& w) { --w.faults, happens(w); });
    };
    for (AgentId id = 0; id < world.nodes.size(); ++id) {
      const Node& node = world.nodes[id];
      if (!node.up.messages.empty() && node.up.late == 0) {
        pending = true;
        add("a message to the coordinator", [id](World& w) { hear(w, w.nodes[id].up.take()); });
        fault("lost to the coordinator", [id](World& w) { w.nodes[id].up.take(); });
        fault("doubled to the coordinator", [id](World& w) { w.nodes[id].up.repeat(); });
        for (int steps : {1, 4})
          fault("late to the coordinator", [id, steps](World& w) { w.nodes[id].up.late = steps; });
      }
      if (!node.alive) continue;
      if (!node.down.messages.empty() && node.down.late == 0) {
        pending = true;
        add("a message to an agent", [id](World& w) {
          Agents::EventId message = w.nodes[id].down.take();
          event(w, id, Agent::Heard{});
          hear(w, id, message);
        });
        fault("lost to an agent", [id](World& w) { w.nodes[id].down.take(); });
        fault("doubled to an agent", [id](World& w) { w.nodes[id].down.repeat(); });
        for (int steps : {1, 4, 6}) fault("late to an agent", [id, steps](World& w) { w.nodes[id].down.late = steps; });
      }
      for (std::size_t i = 0; i < node.tasks.size(); ++i) {
        const Task& task = node.tasks[i];
        if (!task.slow && !waits(world, task)) {
          pending = true;
          add("a task", [id, i](World& w) { perform(w, id, i); });
        }
        if (task.kind == Task::Kind::finish && !task.slow)
          fault("a stage hangs", [id, i](World& w) { w.nodes[id].tasks[i].slow = true; });
        if (task.kind == Task::Kind::finish || task.kind == Task::Kind::ready || task.kind == Task::Kind::part)
          fault("a trainer dies", [id, slot = task.slot](World& w) { trainer_dies(w, id, slot); });
      }
      if (!node.tasks.empty() || !node.up.messages.empty() || !node.down.messages.empty()) {
        fault("an agent dies", [id](World& w) {
          say(w, id, Scheduler::Left{id});
          agent_gone(w, id);
        });
        fault("an agent falls silent", [id](World& w) { agent_gone(w, id); });
      }
    }
    for (std::size_t i = 0; i < world.orphans.size(); ++i) {
      pending = true;
      add("a late commit", [i](World& w) {
        w.committed.set(w.orphans[i].stage);
        w.orphans.erase(w.orphans.begin() + static_cast<std::ptrdiff_t>(i));
      });
    }
    fault("the coordinator dies", start_again);
    if (world.coordinator->machine.stranded())
      add("started again with all agents", [](World& w) {  // after a fault; what a further one does there is known
        w.faults = 0;
        start_again(w);
      });
    else if (!pending) add("time", [](World& w) { pass_time(w); });
    return result;
  }

  static void start_again(World& world) {
    for (const Node& node : world.nodes)
      for (const Task& task : node.tasks)
        if (task.kind == Task::Kind::commit) world.orphans.push_back(task.attempt);
    start(world);
  }

  // For the rest of its gang.
  static bool waits(const World& world, const Task& task) {
    if (task.kind == Task::Kind::part) return true;
    if (task.kind != Task::Kind::ready || task.attempt == Attempt{}) return false;
    auto gang = world.gangs.find(task.attempt);
    if (gang == world.gangs.end()) return true;
    for (const Task& other : world.nodes[gang->second.member].tasks)
      if (other.kind == Task::Kind::part && other.attempt == task.attempt) return false;
    return true;
  }

  static Hash128 print_of(const World& world) {
    StateBytes bytes(world.now, quick());
    bytes.add(world.coordinator->print);
    for (const Node& node : world.nodes) {
      if (node.alive) bytes.add(node.agent->print);
      bytes.add(node.alive)
          .add(node.dropped)
          .add(node.down.late)
          .add(node.up.late)
          .add_all(node.down.messages)
          .add_all(node.up.messages);
      bytes.add(node.tasks.size());
      for (const Task& task : node.tasks)
        bytes.add(static_cast<int>(task.kind)).add(task.slot).add(task.attempt).add(task.slow).add(task.quit);
    }
    for (const auto& [attempt, gang] : world.gangs)
      bytes.add(attempt).add(gang.leader).add(gang.member).add(gang.leads.value_or(9));
    bytes.add_all(world.orphans).add(world.committed.to_ulong()).add(world.accepted.to_ulong()).add(world.faults);
    return hash_of(bytes.add_all(world.attempts).take());
  }

  void check_end(const World& world) {
    ++ends_;
    for (StageId stage = 0; stage < world.setting->widths.size(); ++stage)
      EXPECT_TRUE(world.accepted[stage]) << "it ended without stage " << stage;
  }

  void explore(const World& world) {
    if (testing::Test::HasFailure()) return;
    Hash128 print = print_of(world);
    auto [seen, first] = seen_.try_emplace(print, true);
    if ((!first && seen->second) || path_.size() > kLongest) {
      ADD_FAILURE() << "the run stands still";
      return;
    }
    if (!first) return;
    bool& on_path = seen->second;  // stays where it is
    if (world.coordinator->machine.finished()) {
      on_path = false;
      return check_end(world);
    }
    for (const auto& [what, happens] : next(world)) {
      World changed = world;
      happens(changed);
      ++happened_[what];
      path_.push_back(what);
      explore(changed);
      if (testing::Test::HasFailure()) {
        if (!std::exchange(told_, true)) {
          std::string path;
          for (std::size_t i = 0; i < std::min<std::size_t>(path_.size(), 100); ++i)
            path += fmt::format("\n  {}", path_[i]);
          ADD_FAILURE() << "after:" << path;
        }
        return;
      }
      path_.pop_back();
    }
    on_path = false;
  }

  Agents agents_;
  Schedulers schedulers_;
  std::unordered_map<Hash128, bool> seen_;  // is it on the path?
  std::vector<const char*> path_;
  std::map<std::string, std::size_t> happened_;
  std::size_t ends_ = 0;
  bool told_ = false;
};

void explore(const Setting& setting, int faults) {
  Exploration exploration(setting, faults);
  fmt::print("{} states, {} ends\n", exploration.states(), exploration.ends());
  for (const auto& [what, times] : exploration.happened()) fmt::print("  {:9} {}\n", times, what);
  EXPECT_GT(exploration.ends(), 0u);
}

const Setting kOneIsLargeEnough{{2, 1}};
const Setting kOverBoth{{1, 1}};
const Setting kOverBothInTheWay{{1, 1}, {1, 2}};

TEST(Exploration, WithoutFaults) { explore(kOneIsLargeEnough, 0); }
TEST(Exploration, WithAnyOneFault) { explore(kOneIsLargeEnough, 1); }
TEST(Exploration, WithAnyTwoFaults) { explore(kOneIsLargeEnough, 2); }
TEST(Exploration, AGangOverBothAgentsWithoutFaults) { explore(kOverBoth, 0); }
TEST(Exploration, AGangOverBothAgentsWithAnyOneFault) { explore(kOverBoth, 1); }
TEST(Exploration, AGangOverBothAgentsWithAnyTwoFaults) { explore(kOverBothInTheWay, 2); }
TEST(Exploration, ThreeStagesAGangOverBothAgentsWithAnyTwoFaults) { explore(kOverBoth, 2); }

}  // namespace
}  // namespace winnow::sched
