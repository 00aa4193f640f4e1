// The agent's dealings with its trainers, and the commands of its state machine.
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "host.h"
#include "node.h"
#include "winnow/core/error.h"
#include "winnow/core/revision.h"

namespace winnow::fleet {

using sched::Agent;
using sched::Slot;

namespace {

constexpr std::string_view kOwnTrainer = "winnow-train";   // what it says in `program` of its first line

}  // namespace

void Node::hear_trainer(Slot slot) {
  Place& place = places_[slot];
  if (!place.trainer) return;
  if (place.trainer->unsent()) place.trainer->flush();
  place.trainer->listen_to_errors();
  for (const std::string& line : place.trainer->lines()) {
    if (place.deaf) return;
    if (std::optional<TrainerEvent> event = parse_event(line)) hear_event(slot, *event, line);
    else if (std::string mistake = mistake_of(line); !mistake.empty()) misbehaved(slot, mistake, sched::FailureClass::protocol);
    else misbehaved(slot, fmt::format("the trainer wrote a line that is no event: '{}'", beginning_of(line)));
  }
  if (!place.deaf && !place.trainer->fault().empty()) misbehaved(slot, "the trainer was killed because " + place.trainer->fault());
}

// A trainer of winnow's own that was built from other code would compute results that this run takes for its own. Foreign ones
// call themselves what they like.
void Node::refuse_trainer(Slot slot) {
  std::string what = fmt::format("{} on host {} is of revision {}, winnow is of {}: build both from the same sources (launch/build), or name the one that belongs to this winnow "
                                 "with --trainer", kOwnTrainer, host_name(), places_[slot].version, revision());
  tell({.kind = Message::Kind::refused, .text = what});
  misbehaved(slot, what, sched::FailureClass::user);
}

void Node::misbehaved(Slot slot, std::string fault, sched::FailureClass why) {
  places_[slot].fault = std::move(fault);
  happen(Agent::Misbehaved{slot, why});
}

void Node::hear_event(Slot slot, const TrainerEvent& event, const std::string& line) {
  Place& place = places_[slot];
  auto text = [&](const char* key) {
    auto found = event.content.find(key);
    return found != event.content.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (event.kind == TrainerEvent::Kind::ready) {
    place.version = text("version");
    place.device = text("device");
    if (text("program") == kOwnTrainer && place.version != revision()) return refuse_trainer(slot);
    return happen(Agent::TrainerReady{slot});
  }
  if (text("identity") != place.task.identity.hex())
    return misbehaved(slot, fmt::format("the trainer speaks of stage '{}' while it runs {}", beginning_of(text("identity")), place.task.identity.hex()));
  switch (event.kind) {
    case TrainerEvent::Kind::progress:
      if (double time = wall_seconds(); time - place.told >= 0.5) {
        place.told = time;
        tell({.kind = Message::Kind::progress, .attempt = place.task.attempt, .text = line});
      }
      return happen(Agent::Progressed{slot, mark_of(event)});
    case TrainerEvent::Kind::done:
      place.done = event.content;
      return happen(Agent::Finished{slot});
    case TrainerEvent::Kind::failed:
      place.fault = text("message");
      return happen(Agent::StageFailed{slot, failure_class_of(event)});
    case TrainerEvent::Kind::stopped: return happen(Agent::StageStopped{slot});
    case TrainerEvent::Kind::resumed:
    case TrainerEvent::Kind::checkpoint:
    case TrainerEvent::Kind::note: return tell({.kind = Message::Kind::told, .attempt = place.task.attempt, .text = line});
    case TrainerEvent::Kind::ready: return;
  }
}

// What a trainer said before it ended still counts, so its output is read to the end first.
void Node::reap_trainers() {
  signalfd_siginfo ignored;
  while (::read(children_.get(), &ignored, sizeof ignored) == sizeof ignored) continue;
  for (Slot slot = 0; slot < places_.size(); ++slot) {
    Place& place = places_[slot];
    if (!place.trainer || !place.trainer->reap()) continue;
    place.ended = true;
    hear_trainer(slot);
    blame_ = place.fault.empty() ? "the trainer " + place.trainer->ending() : place.fault;
    if (std::string lines = place.trainer->last_lines(); !lines.empty()) blame_ += "\n" + lines;
    place.trainer.reset();
    if (place.not_run) happen(Agent::NotRun{slot});
    else happen(Agent::TrainerGone{slot});
    blame_.clear();
  }
}

void Node::carry_out(const Agent::Prepare& c) { worker_->prepare(tasks_.at(c.attempt)); }

void Node::carry_out(const Agent::StartTrainer& c) {
  Place& place = places_[c.slot];
  place = Place{};
  try {
    place.trainer = std::make_unique<TrainerProcess>(TrainerCommand{options_.trainer, options_.threads, c.width});
  } catch (const DeviceError& error) {
    blame_ = error.what();
    happen(Agent::TrainerGone{c.slot});
  }
}

void Node::carry_out(const Agent::Run& c) {
  Place& place = places_[c.slot];
  if (place.ended) {
    place.not_run = true;
    return;
  }
  place.task = std::move(tasks_.at(c.attempt));
  tasks_.erase(c.attempt);
  place.start = wall_seconds();
  place.fault.clear();
  place.trainer->send(run_line({place.task.identity.hex(), c.attempt.number, place.task.stage_text, place.task.context, place.task.output.string(),
                            place.task.checkpoint.string()}));
}

void Node::carry_out(const Agent::StopStage& c) {
  if (places_[c.slot].trainer) places_[c.slot].trainer->send(kStopLine);
}

void Node::carry_out(const Agent::KillTrainer& c) {
  Place& place = places_[c.slot];
  place.deaf = true;
  if (place.fault.empty() && c.why == sched::FailureClass::hang) place.fault = "the trainer made no progress for too long and was killed";
  if (place.trainer) place.trainer->kill();
}

void Node::carry_out(const Agent::QuitTrainer& c) {
  if (!places_[c.slot].trainer) return;
  places_[c.slot].trainer->send(kQuitLine);
  places_[c.slot].trainer->close_input();
}

void Node::carry_out(const Agent::Commit& c) {
  Place& place = places_[c.slot];
  store::Provenance from;
  from.code_version = place.version;
  from.host = host_name();
  from.device = place.device;
  from.threads = options_.threads;
  from.width = static_cast<int>(place.task.width);
  from.attempt = static_cast<int>(c.attempt.number);
  from.start = place.start;
  from.end = wall_seconds();
  seconds_[c.attempt] = from.end - from.start;
  worker_->commit({place.task, std::move(place.done), std::move(from), place.trainer ? place.trainer->last_lines() : ""});
}

void Node::carry_out(const Agent::Exit&) { finished_ = true; }

void Node::carry_out(const Agent::TellStarted& c) {
  for (const Place& place : places_)
    if (place.trainer && place.task.attempt == c.attempt)
      tell({.kind = Message::Kind::started, .attempt = c.attempt, .number = static_cast<double>(place.trainer->pid()), .text = place.version});
}

void Node::carry_out(const Agent::TellDone& c) {
  Report& report = committed_.at(c.attempt);
  tell({.kind = Message::Kind::done, .attempt = c.attempt, .number = seconds_[c.attempt], .text = report.text, .detail = report.digest});
  committed_.erase(c.attempt);
  seconds_.erase(c.attempt);
}

void Node::carry_out(const Agent::TellFailed& c) {
  auto reason = reasons_.find(c.attempt);
  tell({.kind = Message::Kind::failed, .attempt = c.attempt, .text = std::string(to_string(c.why)),
        .detail = reason == reasons_.end() ? blame_ : reason->second});
  reasons_.erase(c.attempt);
  tasks_.erase(c.attempt);
  seconds_.erase(c.attempt);
}

void Node::carry_out(const Agent::TellReturned& c) {
  tasks_.erase(c.attempt);
  tell({.kind = Message::Kind::returned, .attempt = c.attempt});
}

void Node::carry_out(const Agent::TellBeat& c) { tell({.kind = Message::Kind::beat, .attempts = c.held}); }

}  // namespace winnow::fleet
