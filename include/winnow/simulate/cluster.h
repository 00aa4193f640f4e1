// The scheduler and agents against each other in virtual time: what a run would do, without doing it. Both are the very
// state machines of a run; trainers, files and messages are what `World` says of them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "winnow/sched/agent.h"
#include "winnow/sched/scheduler.h"

namespace winnow::simulate {

// How an execution of a stage ends, and after how long.
struct Fate {
  enum class End : std::uint8_t { done, crashes, fails, hangs };
  sched::Time after{};
  End end = End::done;
};

// What takes time beside stages.
enum class Delay : std::uint8_t { to_scheduler, to_agent, preparation, trainer_start, commit, stop, end_of_process };

// Everything that the state machines do not decide. Asked in the order of virtual time, so that drawn answers depend on
// a seed alone.
class World {
 public:
  virtual ~World() = default;
  // Of the stage's `execution`-th execution, 0 for the first, on this agent.
  virtual Fate fate(sched::StageId, std::uint32_t execution, sched::AgentId) = 0;
  virtual sched::Time delay(Delay) = 0;
  virtual bool answers_stop() { return true; }  // a trainer that is asked to stop does
};

// Is told what happens when it happens.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void decided(const sched::Scheduler::Command&, sched::Time) {}
  // A trainer was started in these slots, or is gone from the first of them.
  virtual void trainer_started(sched::AgentId, const std::vector<sched::Slot>&, sched::Time) {}
  virtual void trainer_gone(sched::AgentId, sched::Slot, sched::Time) {}
  // The trainer whose first slot this is computes; it has stopped computing, with a result or without. Of a gang over
  // several agents: on each.
  virtual void begun(sched::AgentId, sched::Slot, sched::Attempt, sched::Time) {}
  virtual void ended(sched::AgentId, sched::Slot, sched::Attempt, bool /*result*/, sched::Time) {}
  virtual void committed(sched::Attempt, sched::Time) {}
};

// Life: constructed, nodes added, predictions told to scheduler(), then run(). Not copyable; one thread.
class Cluster {
 public:
  // Agents and scheduler notice the time every `tick`; stages show progress by it, often enough.
  Cluster(sched::Graph, sched::Policy, sched::Timers, World&, Watcher&, sched::Time tick);
  Cluster(const Cluster&) = delete;

  // It joins now.
  sched::AgentId add_node(std::uint32_t slots);
  // From now on it says nothing. `noticed`: its connection closes; otherwise nobody is told.
  void lose_node(sched::AgentId, bool noticed);
  // Its agent sees it. `trainer_first`: what runs there has died of it before.
  void lose_device(sched::AgentId, sched::Slot, bool trainer_first);
  void no_further_nodes() { event(sched::Scheduler::Complete{}); }

  void later(sched::Time wait, std::function<void()> what);
  void every(sched::Time period, std::function<void()> what);

  // Until the scheduler has finished, or nothing can happen any more. False when that is not before `limit`.
  bool run(sched::Time limit);

  sched::Time now() const { return now_; }
  sched::Scheduler& scheduler() { return scheduler_; }
  std::vector<sched::AgentId> nodes() const;  // that are not lost
  std::uint32_t slots_of(sched::AgentId id) const { return nodes_.at(id).slots; }

 private:
  struct Happening {
    sched::Time when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Happening& other) const {  // as heaps want it: the earliest is the largest
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  struct Trainer {
    std::uint64_t process = 0;             // 0: none lives in the slot
    bool computes = false, moves = false;  // moves: and shows progress
    std::uint64_t mark = 0;                // of its progress
    sched::Attempt attempt{};
  };
  struct Node {
    std::unique_ptr<sched::Agent> agent;
    sched::Time inbox{}, outbox{};  // messages of one direction never overtake each other
    sched::Time moved{};            // when its stages showed progress
    std::vector<Trainer> trainers;  // by first slot
    std::uint32_t slots = 0;
    bool lost = false;
  };

  void event(const sched::Scheduler::Event&);
  void agent_event(sched::AgentId, const sched::Agent::Event&);
  void to_scheduler(sched::AgentId, sched::Scheduler::Event);
  void to_agent(sched::AgentId, sched::Agent::Event);
  void tick_agent(sched::AgentId);
  void die(sched::AgentId, sched::Slot, bool well = false);
  void ready_when_complete(sched::AgentId, sched::Slot, std::uint64_t process);
  void end_others(sched::Attempt, sched::AgentId except, bool well);
  std::optional<sched::Slot> slot_of(sched::AgentId, sched::Attempt) const;
  void end(sched::AgentId, sched::Slot, bool result);
  bool lives(sched::AgentId, sched::Slot, std::uint64_t process) const;

  void execute(const sched::Scheduler::Assign&);
  void execute(const sched::Scheduler::Begin&);
  void execute(const sched::Scheduler::Release&);
  void execute(const sched::Scheduler::Retract&);
  void execute(const sched::Scheduler::Cancel&);
  template <class Other>
  void execute(const Other&) {}
  void execute(sched::AgentId, const sched::Agent::Prepare&);
  void execute(sched::AgentId, const sched::Agent::StartTrainer&);
  void execute(sched::AgentId, const sched::Agent::FreeSlots&);
  void execute(sched::AgentId, const sched::Agent::StartPart&);
  void execute(sched::AgentId, const sched::Agent::Run&);
  void execute(sched::AgentId, const sched::Agent::StopStage&);
  void execute(sched::AgentId, const sched::Agent::KillTrainer&);
  void execute(sched::AgentId, const sched::Agent::QuitTrainer&);
  void execute(sched::AgentId, const sched::Agent::Commit&);
  void execute(sched::AgentId, const sched::Agent::Exit&);
  void execute(sched::AgentId, const sched::Agent::ReportStarted&);
  void execute(sched::AgentId, const sched::Agent::ReportReserved&);
  void execute(sched::AgentId, const sched::Agent::ReportDone&);
  void execute(sched::AgentId, const sched::Agent::ReportFailed&);
  void execute(sched::AgentId, const sched::Agent::ReportReturned&);
  void execute(sched::AgentId, const sched::Agent::ReportSlots&);
  void execute(sched::AgentId, const sched::Agent::SendHeartbeat&);
  void execute(sched::AgentId, const sched::Agent::Quarantined&);
  void execute(sched::AgentId, const sched::Agent::Readmitted&) {}

  std::vector<std::uint32_t> widths_;  // by stage
  sched::Timers timers_;
  World& world_;
  Watcher& watcher_;
  sched::Time tick_, now_{};
  std::uint64_t order_ = 0, processes_ = 0;
  std::vector<Happening> agenda_;                             // a heap
  std::map<sched::Attempt, std::vector<sched::Part>> gangs_;  // over several agents
  sched::Scheduler scheduler_;
  std::deque<Node> nodes_;                 // by agent
  std::vector<std::uint32_t> executions_;  // by stage
  std::vector<double> seconds_;            // by stage: of its last execution
};

}  // namespace winnow::simulate
