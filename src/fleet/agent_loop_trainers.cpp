// The agent's dealings with its trainers, and the commands of its state machine.
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent_loop.h"
#include "clock.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/revision.h"

namespace winnow::fleet {

using sched::Agent;
using sched::Slot;

void AgentLoop::hear_trainer(Slot slot) {
  SlotState& state = slots_[slot];
  if (!state.trainer) return;
  if (state.trainer->unsent()) state.trainer->flush();
  state.trainer->listen_to_errors();
  for (const std::string& line : state.trainer->lines()) {
    if (state.deaf || state.part) return;
    if (std::optional<TrainerEvent> event = parse_event(line)) hear_event(slot, *event, line);
    else if (std::string mistake = mistake_of(line); !mistake.empty())
      misbehaved(slot, mistake, sched::FailureClass::protocol);
    else misbehaved(slot, fmt::format("the trainer wrote a line that is no event: '{}'", beginning_of(line)));
  }
  if (!state.deaf && !state.trainer->fault().empty())
    misbehaved(slot, "the trainer was killed because " + state.trainer->fault());
}

// A trainer of winnow's own that was built from other code would compute results that this run takes for its own.
// Foreign ones call themselves what they like.
void AgentLoop::refuse_trainer(Slot slot) {
  std::string what = fmt::format(
      "{} on host {} is of revision {}, winnow is of {}: build both from the same sources (launch/build), or name the "
      "one that belongs to this winnow "
      "with --trainer",
      protocol::kOwnTrainer, host_name(), slots_[slot].version, revision());
  send({.kind = Message::Kind::refused, .text = what});
  misbehaved(slot, what, sched::FailureClass::user);
}

void AgentLoop::misbehaved(Slot slot, std::string fault, sched::FailureClass why) {
  slots_[slot].fault = std::move(fault);
  post(Agent::Misbehaved{slot, why});
}

void AgentLoop::hear_event(Slot slot, const TrainerEvent& event, const std::string& line) {
  SlotState& state = slots_[slot];
  auto text = [&](const char* key) {
    auto found = event.content.find(key);
    return found != event.content.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (event.kind == TrainerEvent::Kind::ready) {
    state.version = text("version");
    state.device = text("device");
    if (text("program") == protocol::kOwnTrainer && state.version != revision()) return refuse_trainer(slot);
    return post(Agent::TrainerReady{slot});
  }
  if (!event.content.contains("identity"))
    return misbehaved(
        slot,
        fmt::format("the trainer's event '{}' needs \"identity\", the stage's", protocol::events().name(event.kind)),
        sched::FailureClass::protocol);
  if (text("identity") != state.task.identity.hex())
    return misbehaved(slot, fmt::format("the trainer speaks of stage '{}' while it runs {}",
                                        beginning_of(text("identity")), state.task.identity.hex()));
  switch (event.kind) {
    case TrainerEvent::Kind::progress:
      if (double time = wall_seconds(); time - state.reported >= 0.5) {
        state.reported = time;
        send({.kind = Message::Kind::progress, .attempt = state.task.attempt, .text = line});
      }
      return post(Agent::Progressed{slot, mark_of(event)});
    case TrainerEvent::Kind::done: state.done = event.content; return post(Agent::Finished{slot});
    case TrainerEvent::Kind::failed:
      state.fault = text("message");
      return post(Agent::StageFailed{slot, failure_class_of(event)});
    case TrainerEvent::Kind::stopped: return post(Agent::StageStopped{slot});
    case TrainerEvent::Kind::resumed:
    case TrainerEvent::Kind::checkpoint:
    case TrainerEvent::Kind::note:
      return send({.kind = Message::Kind::remark, .attempt = state.task.attempt, .text = line});
    case TrainerEvent::Kind::ready: return;
  }
}

// What a trainer said before it ended still counts, so its output is read to the end first. One that was killed, and
// not by us, while the kernel killed for want of memory, was killed for that: tried again as it was, it would be again.
void AgentLoop::reap_trainers() {
  signalfd_siginfo ignored;
  while (::read(children_.get(), &ignored, sizeof ignored) == sizeof ignored) continue;
  std::uint64_t kills = oom_kills_;
  for (Slot slot = 0; slot < slots_.size(); ++slot) {
    SlotState& state = slots_[slot];
    if (!state.trainer || !state.trainer->reap()) continue;
    if (state.trainer->was_killed()) kills = oom_kills();
    bool starved = state.trainer->was_killed() && !state.deaf && kills > oom_kills_;
    state.ended = true;
    hear_trainer(slot);
    std::string text = fmt::format(
        "the {} {}", state.part ? "part of the gang on " + host_name() : "trainer",
        starved ? fmt::format("was killed by the kernel: memory ran out on {}", host_name()) : state.trainer->ending());
    if (!state.fault.empty()) text = state.fault;
    bool well = state.trainer->ended_well();
    if (std::string lines = state.trainer->last_lines(); !lines.empty()) text += "\n" + lines;
    state.trainer.reset();
    if (state.not_run) post(Agent::NotRun{slot, std::move(text)});
    else
      post(Agent::TrainerGone{slot, std::move(text), well,
                              starved ? sched::FailureClass::memory : sched::FailureClass::transient});
  }
  oom_kills_ = kills;
}

void AgentLoop::execute(const Agent::Prepare& c) { worker_->prepare(tasks_.at(c.attempt)); }

void AgentLoop::execute(const Agent::StartTrainer& c) {
  SlotState& state = slots_[c.slot];
  state = SlotState{};
  state.to_start = c.slots;
  if (c.gang) state.task.attempt = *c.gang;
  if (devices_.gpus.empty() || c.gang) start(c.slot);
  else looked_ = {};  // start_waiting() looks first
}

void AgentLoop::execute(const Agent::FreeSlots& c) {
  SlotState& state = slots_[c.slot];
  state = SlotState{};
  if (devices_.gpus.empty()) return post(Agent::SlotsFree{c.slot});
  state.to_start = c.slots;
  state.to_reserve = true;
  looked_ = {};
}

void AgentLoop::execute(const Agent::StartPart& c) {
  SlotState& state = slots_[c.slot];
  state = SlotState{};
  state.part = true;
  const Task& task = tasks_.at(c.attempt);
  try {
    state.trainer = start_part(command_in(c.slots), task.call, task.callers);
  } catch (const DeviceError& error) {
    post(Agent::TrainerGone{c.slot, error.what()});
  }
}

TrainerCommand AgentLoop::command_in(const std::vector<Slot>& slots) const {
  TrainerCommand command{options_.trainer, options_.threads, static_cast<std::uint32_t>(slots.size()), {}, {}};
  if (!devices_.gpus.empty()) command.use_gpus(devices_of(slots), options_.own_trainer);
  return command;
}

// What the launch of a gang wants to run on other agents.
void AgentLoop::pass_on_calls() {
  for (SlotState& state : slots_) {
    if (!state.calls) continue;
    for (GangCall& call : state.calls->take())
      send({.kind = Message::Kind::call,
            .attempt = state.task.attempt,
            .number = static_cast<double>(call.part),
            .text = std::move(call.command),
            .detail = state.folder.string()});
  }
}

void AgentLoop::start(Slot slot) {
  SlotState& state = slots_[slot];
  std::vector<Slot> slots = std::exchange(state.to_start, {});
  if (std::exchange(state.to_reserve, false)) return post(Agent::SlotsFree{slot});
  try {
    TrainerCommand command = command_in(slots);
    auto task = tasks_.find(state.task.attempt);
    if (task == tasks_.end() || !task->second.part) {
      state.trainer = start_trainer(command);
    } else {
      command.parts = task->second.parts;
      CallingGang gang = start_gang(command);
      state.trainer = std::move(gang.process);
      state.calls = std::move(gang.calls);
      state.folder = std::move(gang.folder);
    }
  } catch (const DeviceError& error) {
    post(Agent::TrainerGone{slot, error.what()});
  }
}

void AgentLoop::execute(const Agent::Run& c) {
  SlotState& state = slots_[c.slot];
  if (state.ended) {
    state.not_run = true;
    return;
  }
  state.task = std::move(tasks_.at(c.attempt));
  tasks_.erase(c.attempt);
  state.start = wall_seconds();
  state.fault.clear();
  state.trainer->send(
      protocol::line_of(protocol::Run{state.task.identity.hex(), c.attempt.number, state.task.stage_text,
                                      state.task.context, state.task.output.string(), state.task.checkpoint.string()}));
}

void AgentLoop::execute(const Agent::StopStage& c) {
  if (slots_[c.slot].trainer) slots_[c.slot].trainer->send(protocol::line_of(protocol::Order::stop));
}

void AgentLoop::execute(const Agent::KillTrainer& c) {
  SlotState& state = slots_[c.slot];
  if (!state.to_start.empty() && !state.to_reserve) {
    std::string gpus = devices_of(state.to_start);
    state.to_start.clear();
    return post(
        Agent::TrainerGone{c.slot, fmt::format("no trainer was started: the memory of {} did not come free", gpus)});
  }
  state.deaf = true;
  if (state.fault.empty() && !c.because.empty())
    state.fault = fmt::format("the trainer was killed because {}", c.because);
  if (state.trainer) state.trainer->kill();
}

void AgentLoop::execute(const Agent::QuitTrainer& c) {
  if (!slots_[c.slot].to_start.empty()) {
    slots_[c.slot].to_start.clear();
    return post(Agent::TrainerGone{c.slot, "no trainer was started"});
  }
  if (!slots_[c.slot].trainer || slots_[c.slot].part) return;  // a part ends with its gang
  slots_[c.slot].trainer->send(protocol::line_of(protocol::Order::quit));
  slots_[c.slot].trainer->close_input();
}

void AgentLoop::execute(const Agent::Commit& c) {
  SlotState& state = slots_[c.slot];
  store::Provenance from;
  from.code_version = state.version;
  from.host = state.task.hosts.empty() ? host_name() : fmt::format("{}", fmt::join(state.task.hosts, ", "));
  from.device = state.device;
  from.threads = options_.threads;
  from.width = static_cast<int>(state.task.width);
  from.attempt = static_cast<int>(c.attempt.number);
  from.start = state.start;
  from.end = wall_seconds();
  worker_->commit(
      {state.task, std::move(state.done), std::move(from), state.trainer ? state.trainer->last_lines() : ""});
}

void AgentLoop::execute(const Agent::Exit&) { finished_ = true; }

void AgentLoop::execute(const Agent::ReportStarted& c) {
  for (const SlotState& state : slots_)
    if (state.trainer && state.task.attempt == c.attempt)
      send({.kind = Message::Kind::started,
            .attempt = c.attempt,
            .number = static_cast<double>(state.trainer->pid()),
            .text = state.version});
}

void AgentLoop::execute(const Agent::ReportReserved& c) {
  send({.kind = Message::Kind::reserved, .attempt = c.attempt});
}

void AgentLoop::execute(const Agent::ReportDone& c) {
  send({.kind = Message::Kind::done,
        .attempt = c.attempt,
        .number = c.outcome.seconds,
        .memory = c.outcome.memory,
        .text = c.outcome.word,
        .detail = c.outcome.digest});
}

void AgentLoop::execute(const Agent::ReportFailed& c) {
  send({.kind = Message::Kind::failed, .attempt = c.attempt, .text = std::string(to_string(c.why)), .detail = c.text});
  tasks_.erase(c.attempt);
}

void AgentLoop::execute(const Agent::ReportReturned& c) {
  tasks_.erase(c.attempt);
  send({.kind = Message::Kind::returned, .attempt = c.attempt});
}

void AgentLoop::execute(const Agent::SendHeartbeat& c) {
  send({.kind = Message::Kind::heartbeat,
        .detail = devices_.gpus.empty() ? "" : to_json(watch_->seen()).dump(),
        .attempts = c.held});
}

}  // namespace winnow::fleet
