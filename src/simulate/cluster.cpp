#include "winnow/simulate/cluster.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace winnow::simulate {

using sched::Agent;
using sched::AgentId;
using sched::FailureClass;
using sched::Scheduler;
using sched::Slot;
using sched::StageId;
using sched::Time;

namespace {

std::vector<std::uint32_t> widths_by_stage(const sched::Graph& graph) {
  std::vector<std::uint32_t> widths;
  for (sched::ClassId id : graph.classes) widths.push_back(graph.widths.empty() ? 1 : graph.widths[id]);
  return widths;
}

}  // namespace

Cluster::Cluster(sched::Graph graph, sched::Policy policy, sched::Timers timers, World& world, Watcher& watcher,
                 Time tick)
    : widths_(widths_by_stage(graph)), timers_(timers), world_(world), watcher_(watcher), tick_(tick),
      scheduler_(std::move(graph), policy, timers), executions_(widths_.size()), seconds_(widths_.size()) {
  every(tick, [this] { event(Scheduler::Tick{}); });
  every(timers.beat, [this] {
    for (AgentId id : nodes()) to_agent(id, Agent::Heard{});
  });
}

AgentId Cluster::add_node(std::uint32_t slots) {
  auto id = static_cast<AgentId>(nodes_.size());
  Node& node = nodes_.emplace_back();
  node.slots = slots;
  node.trainers.resize(slots);
  node.agent = std::make_unique<Agent>(slots, timers_, now_);
  to_scheduler(id, Scheduler::Joined{id, slots});
  tick_agent(id);
  return id;
}

void Cluster::lose_node(AgentId id, bool noticed) {
  Node& node = nodes_.at(id);
  if (std::exchange(node.lost, true)) return;
  for (Slot slot = 0; slot < node.slots; ++slot) {
    end(id, slot, false);
    if (node.trainers[slot].process) end_others(node.trainers[slot].attempt, id, false);
  }
  if (noticed) event(Scheduler::Left{id});
}

void Cluster::lose_device(AgentId id, Slot slot, bool trainer_first) {
  if (trainer_first && nodes_.at(id).trainers[slot].process) die(id, slot);
  agent_event(id, Agent::Closed{slot, "its device was lost"});
}

void Cluster::later(Time wait, std::function<void()> what) {
  agenda_.push_back({now_ + wait, order_++, std::move(what)});
  std::push_heap(agenda_.begin(), agenda_.end());
}

void Cluster::every(Time period, std::function<void()> what) {
  later(period, [this, period, what = std::move(what)] {
    what();
    every(period, what);
  });
}

bool Cluster::run(Time limit) {
  while (!scheduler_.finished() && !agenda_.empty()) {
    if (agenda_.front().when > limit) return false;
    std::pop_heap(agenda_.begin(), agenda_.end());
    Happening next = std::move(agenda_.back());
    agenda_.pop_back();
    now_ = next.when;
    next.what();
  }
  return true;
}

std::vector<AgentId> Cluster::nodes() const {
  std::vector<AgentId> alive;
  for (AgentId id = 0; id < nodes_.size(); ++id)
    if (!nodes_[id].lost) alive.push_back(id);
  return alive;
}

void Cluster::tick_agent(AgentId id) {
  later(tick_, [this, id] {
    Node& node = nodes_.at(id);
    if (node.lost) return;
    if (now_ - node.moved >= timers_.least_hang / 4) {
      node.moved = now_;
      for (Slot slot = 0; slot < node.slots; ++slot)
        if (Trainer& trainer = node.trainers[slot]; trainer.computes && trainer.moves)
          agent_event(id, Agent::Progressed{slot, ++trainer.mark});
    }
    agent_event(id, Agent::Tick{});
    tick_agent(id);
  });
}

void Cluster::to_scheduler(AgentId id, Scheduler::Event message) {
  Node& node = nodes_.at(id);
  node.outbox = std::max(node.outbox, now_ + world_.delay(Delay::to_scheduler));
  later(node.outbox - now_, [this, message = std::move(message)] { event(message); });
}

void Cluster::to_agent(AgentId id, Agent::Event message) {
  Node& node = nodes_.at(id);
  node.inbox = std::max(node.inbox, now_ + world_.delay(Delay::to_agent));
  later(node.inbox - now_, [this, id, message = std::move(message)] { agent_event(id, message); });
}

void Cluster::event(const Scheduler::Event& happened) {
  Scheduler::Commands out;
  scheduler_.on(happened, now_, out);
  for (const auto& command : out) {
    watcher_.decided(command, now_);
    std::visit([this](const auto& c) { execute(c); }, command);
  }
}

void Cluster::agent_event(AgentId id, const Agent::Event& happened) {
  if (nodes_.at(id).lost) return;
  Agent::Commands out;
  nodes_.at(id).agent->on(happened, now_, out);
  for (const auto& command : out) std::visit([&](const auto& c) { execute(id, c); }, command);
}

bool Cluster::lives(AgentId id, Slot slot, std::uint64_t process) const {
  const Node& node = nodes_.at(id);
  return !node.lost && node.trainers[slot].process == process;
}

void Cluster::end(AgentId id, Slot slot, bool result) {
  Trainer& trainer = nodes_.at(id).trainers[slot];
  if (!std::exchange(trainer.computes, false)) return;
  watcher_.ended(id, slot, trainer.attempt, result, now_);
  if (auto gang = gangs_.find(trainer.attempt); result && gang != gangs_.end())
    for (const sched::Part& part : gang->second)
      if (std::optional<Slot> other = slot_of(part.agent, trainer.attempt)) end(part.agent, *other, true);
}

void Cluster::die(AgentId id, Slot slot, bool well) {
  end(id, slot, false);
  nodes_.at(id).trainers[slot].process = 0;
  watcher_.trainer_gone(id, slot, now_);
  end_others(nodes_.at(id).trainers[slot].attempt, id, well);
  agent_event(id, Agent::TrainerGone{slot, "", well});
}

// Where a process of the gang lives.
std::optional<Slot> Cluster::slot_of(AgentId id, sched::Attempt attempt) const {
  const Node& node = nodes_.at(id);
  for (Slot slot = 0; slot < node.slots && !node.lost; ++slot)
    if (node.trainers[slot].process && node.trainers[slot].attempt == attempt) return slot;
  return std::nullopt;
}

// The processes of a gang end together.
void Cluster::end_others(sched::Attempt attempt, AgentId except, bool well) {
  auto gang = gangs_.find(attempt);
  if (gang == gangs_.end()) return;
  for (const sched::Part& part : gang->second) {
    std::optional<Slot> slot = part.agent == except ? std::nullopt : slot_of(part.agent, attempt);
    if (!slot) continue;
    std::uint64_t process = nodes_.at(part.agent).trainers[*slot].process;
    later(world_.delay(Delay::end_of_process), [=, this, id = part.agent] {
      if (lives(id, *slot, process)) die(id, *slot, well);
    });
  }
}

// A gang over several agents waits for its processes there.
void Cluster::ready_when_complete(AgentId id, Slot slot, std::uint64_t process) {
  if (!lives(id, slot, process)) return;
  sched::Attempt attempt = nodes_.at(id).trainers[slot].attempt;
  if (auto gang = gangs_.find(attempt); gang != gangs_.end())
    for (const sched::Part& part : gang->second)
      if (!slot_of(part.agent, attempt)) return later(tick_, [=, this] { ready_when_complete(id, slot, process); });
  agent_event(id, Agent::TrainerReady{slot});
}

void Cluster::execute(const Scheduler::Assign& c) { to_agent(c.agent, Agent::Given{c.attempt, c.slots, {}, c.part}); }
void Cluster::execute(const Scheduler::Begin& c) {
  gangs_[c.attempt] = c.parts;
  to_agent(c.agent, Agent::Begin{c.attempt});
}
void Cluster::execute(const Scheduler::Release& c) { to_agent(c.agent, Agent::Released{c.attempt}); }
void Cluster::execute(const Scheduler::Retract& c) { to_agent(c.agent, Agent::Retracted{c.attempt}); }
void Cluster::execute(const Scheduler::Cancel& c) { to_agent(c.agent, Agent::Cancelled{c.attempt}); }

void Cluster::execute(AgentId id, const Agent::Prepare& c) {
  later(world_.delay(Delay::preparation), [=, this] { agent_event(id, Agent::Prepared{c.attempt}); });
}

void Cluster::execute(AgentId id, const Agent::FreeSlots& c) { agent_event(id, Agent::SlotsFree{c.slot}); }

// Ends with the process that leads the gang; a member that dies takes that one with it.
void Cluster::execute(AgentId id, const Agent::StartPart& c) {
  nodes_.at(id).trainers[c.slot].process = ++processes_;
  nodes_.at(id).trainers[c.slot].attempt = c.attempt;
  watcher_.trainer_started(id, c.slots, now_);
}

void Cluster::execute(AgentId id, const Agent::StartTrainer& c) {
  std::uint64_t process = nodes_.at(id).trainers[c.slot].process = ++processes_;
  nodes_.at(id).trainers[c.slot].attempt = c.gang.value_or(sched::Attempt{});
  watcher_.trainer_started(id, c.slots, now_);
  if (c.gang)
    for (const sched::Part& part : gangs_.at(*c.gang))
      if (part.agent != id) to_agent(part.agent, Agent::Called{*c.gang});
  later(world_.delay(Delay::trainer_start), [=, this, slot = c.slot] { ready_when_complete(id, slot, process); });
}

void Cluster::execute(AgentId id, const Agent::Run& c) {
  Trainer& trainer = nodes_.at(id).trainers[c.slot];
  trainer.computes = true;
  trainer.attempt = c.attempt;
  watcher_.begun(id, c.slot, c.attempt, now_);
  if (auto gang = gangs_.find(c.attempt); gang != gangs_.end())
    for (const sched::Part& part : gang->second)
      if (std::optional<Slot> other = part.agent == id ? std::nullopt : slot_of(part.agent, c.attempt)) {
        nodes_.at(part.agent).trainers[*other].computes = true;
        watcher_.begun(part.agent, *other, c.attempt, now_);
      }
  Fate fate = world_.fate(c.attempt.stage, executions_[c.attempt.stage]++, id);
  trainer.moves = fate.end != Fate::End::hangs;
  if (!trainer.moves) return;
  Time begun = now_;
  later(fate.after, [=, this, process = trainer.process] {
    if (!lives(id, c.slot, process)) return;
    const Trainer& runs = nodes_.at(id).trainers[c.slot];
    if (!runs.computes || runs.attempt != c.attempt) return;
    if (fate.end == Fate::End::crashes) return die(id, c.slot);
    if (fate.end != Fate::End::done) {
      end(id, c.slot, false);
      return agent_event(id, Agent::StageFailed{c.slot, FailureClass::user});
    }
    end(id, c.slot, true);
    seconds_[c.attempt.stage] = std::chrono::duration<double>(now_ - begun).count();
    agent_event(id, Agent::Finished{c.slot});
  });
}

void Cluster::execute(AgentId id, const Agent::StopStage& c) {
  std::uint64_t process = nodes_.at(id).trainers[c.slot].process;
  end(id, c.slot, false);
  if (!world_.answers_stop()) return;
  later(world_.delay(Delay::stop), [=, this] {
    if (lives(id, c.slot, process)) agent_event(id, Agent::StageStopped{c.slot});
  });
}

void Cluster::execute(AgentId id, const Agent::KillTrainer& c) {
  later(world_.delay(Delay::end_of_process), [=, this, process = nodes_.at(id).trainers[c.slot].process] {
    if (lives(id, c.slot, process)) die(id, c.slot);
  });
}

// A part ends with its gang.
void Cluster::execute(AgentId id, const Agent::QuitTrainer& c) {
  const Trainer& trainer = nodes_.at(id).trainers[c.slot];
  if (auto gang = gangs_.find(trainer.attempt); gang != gangs_.end() && gang->second.front().agent != id) return;
  later(world_.delay(Delay::end_of_process), [=, this, process = trainer.process] {
    if (lives(id, c.slot, process)) die(id, c.slot, true);
  });
}

void Cluster::execute(AgentId id, const Agent::Commit& c) {
  later(world_.delay(Delay::commit), [=, this] {
    if (nodes_.at(id).lost) return;
    watcher_.committed(c.attempt, now_);
    agent_event(id, Agent::Committed{c.attempt, {seconds_[c.attempt.stage], "committed", "", 0}});
  });
}

// Drained, or without a device; its connection closes.
void Cluster::execute(AgentId id, const Agent::Exit&) {
  nodes_.at(id).lost = true;
  later(world_.delay(Delay::to_scheduler), [this, id] { event(Scheduler::Left{id}); });
}

void Cluster::execute(AgentId id, const Agent::ReportStarted& c) {
  to_scheduler(id, Scheduler::Started{id, c.attempt});
}
void Cluster::execute(AgentId id, const Agent::ReportReserved& c) {
  to_scheduler(id, Scheduler::Reserved{id, c.attempt});
}
void Cluster::execute(AgentId id, const Agent::ReportDone& c) {
  to_scheduler(id, Scheduler::Done{id, c.attempt, c.outcome});
}
void Cluster::execute(AgentId id, const Agent::ReportFailed& c) {
  to_scheduler(id, Scheduler::Failed{id, c.attempt, c.why, c.text});
}
void Cluster::execute(AgentId id, const Agent::ReportReturned& c) {
  to_scheduler(id, Scheduler::Returned{id, c.attempt});
}
void Cluster::execute(AgentId id, const Agent::ReportSlots& c) { to_scheduler(id, Scheduler::Resized{id, c.slots}); }
void Cluster::execute(AgentId id, const Agent::SendHeartbeat& c) { to_scheduler(id, Scheduler::Beat{id, c.held}); }
void Cluster::execute(AgentId id, const Agent::Quarantined& c) { to_scheduler(id, Scheduler::Forgive{id, c.failed}); }

}  // namespace winnow::simulate
