// What the coordinator does with the scheduler's commands.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "clock.h"
#include "coordinator.h"
#include "winnow/core/host.h"

namespace winnow::fleet {

using sched::Scheduler;

namespace {

constexpr std::size_t kLines = 4096;  // bytes of a trainer's last words that the journal keeps

}  // namespace

void Coordinator::event(const Scheduler::Event& happened) {
  Scheduler::Commands commands;
  scheduler_.on(happened, now(), commands);
  for (const auto& command : commands) std::visit([this](const auto& c) { execute(c); }, command);
}

Value Coordinator::record(const char* event, sched::Attempt attempt) const {
  return {{"event", event}, {"identity", work_.identities[attempt.stage].hex()}, {"attempt", attempt.number}};
}

std::uint32_t Coordinator::width_of(sched::StageId stage) const {
  return work_.graph.widths.empty() ? 1 : work_.graph.widths[work_.graph.classes[stage]];
}

// What a trainer said between its progress: where it resumed, that it saved, notes.
void Coordinator::remarked(sched::Attempt attempt, const Value& event) {
  std::string kind = event.value("event", "");
  if (kind == "note") observer_.say(fmt::format("{}: {}", work_.label(attempt.stage), event.value("text", "")));
  if (kind == "resumed")
    observer_.say(
        fmt::format("{} resumes at step {}", work_.label(attempt.stage), event.value("step", std::int64_t{0})));
  Value entry = record(kind.c_str(), attempt);
  for (const char* key : {"step", "bytes", "seconds", "text"})
    if (auto found = event.find(key); found != event.end()) entry[key] = *found;
  journal_.add(std::move(entry));
}

std::string Coordinator::host(sched::AgentId agent) const {
  auto found = hosts_.find(agent);
  return found == hosts_.end() ? "?" : found->second;
}

std::int64_t Coordinator::memory_of(sched::ClassId kind) const {
  if (auto peak = peaks_.find(kind); peak != peaks_.end() && peak->second > 0) return peak->second;
  return kind < work_.memory.size() ? work_.memory[kind] : 0;
}

void Coordinator::execute(const Scheduler::Assign& c) {
  Value detail = {{"out_of_memory", c.out_of_memory}};
  if (c.part) detail["width"] = width_of(c.attempt.stage);
  links_.send(c.agent, {.kind = Message::Kind::assign,
                        .attempt = c.attempt,
                        .number = static_cast<double>(c.slots),
                        .memory = memory_of(work_.graph.classes[c.attempt.stage]),
                        .text = work_.stage(c.attempt.stage).dump(),
                        .detail = detail.dump()});
}

void Coordinator::execute(const Scheduler::Begin& c) {
  Value parts = Value::array();
  for (const sched::Part& part : c.parts) parts.push_back({{"slots", part.slots}, {"host", host(part.agent)}});
  links_.send(c.agent, {.kind = Message::Kind::begin, .attempt = c.attempt, .text = parts.dump()});
}

void Coordinator::execute(const Scheduler::Release& c) {
  links_.send(c.agent, {.kind = Message::Kind::release, .attempt = c.attempt});
}

void Coordinator::execute(const Scheduler::Retract& c) {
  links_.send(c.agent, {.kind = Message::Kind::retract, .attempt = c.attempt});
}

void Coordinator::execute(const Scheduler::Cancel& c) {
  links_.send(c.agent, {.kind = Message::Kind::cancel, .attempt = c.attempt});
  status_.ended(c.attempt);
}

void Coordinator::execute(const Scheduler::Accept& c) {
  Value done = record("done", c.attempt);
  done["agent"] = c.agent;
  done["class"] = work_.classes[work_.graph.classes[c.attempt.stage]];
  done["seconds"] = c.outcome.seconds;
  done["outcome"] = c.outcome.word;
  done["result_digest"] = c.outcome.digest;
  if (c.outcome.memory > 0) {
    done["device_memory"] = c.outcome.memory;
    std::int64_t& peak = peaks_[work_.graph.classes[c.attempt.stage]];
    peak = std::max(peak, c.outcome.memory);
  }
  journal_.add(std::move(done));
  sweeps_.done(c.attempt.stage);
  observer_.done(c.attempt, c.outcome.seconds, host(c.agent));
  if (work_.sweeps.size() == 1) return;
  sweeps_.for_each_of(c.attempt.stage, [this](std::size_t sweep) {
    if (const SweepCounts& own = sweeps_.counts()[sweep]; own.complete())
      observer_.say(fmt::format("{} is complete", own.name));
  });
}

void Coordinator::report_failure(sched::Attempt attempt, sched::FailureClass why, const std::string& said, bool final) {
  std::string text = said.empty() ? "its agent was lost" : said;
  Value failed = record("failed", attempt);
  failed["class"] = to_string(why);
  failed["final"] = final;
  failed["text"] = text.substr(0, text.find('\n'));
  if (std::size_t first = text.find('\n'); first != std::string::npos)
    failed["lines"] = text.substr(first + 1).substr(0, kLines);
  journal_.add(std::move(failed));
  if (final) sweeps_.failed(attempt.stage);
  status_.failed(attempt, why, text, final);
  status_.ended(attempt);
  observer_.failed(attempt, why, text, final);
}

void Coordinator::execute(const Scheduler::Retry& c) { report_failure(c.failed, c.why, c.text, false); }
void Coordinator::execute(const Scheduler::Fail& c) { report_failure(c.last, c.why, c.text, true); }

void Coordinator::execute(const Scheduler::Block& c) {
  journal_.add(
      {{"event", "blocked"}, {"identity", work_.identities[c.stage].hex()}, {"by", work_.identities[c.because].hex()}});
  sweeps_.blocked(c.stage);
  observer_.blocked(c.stage, c.because);
}

void Coordinator::execute(const Scheduler::TooWide& c) {
  std::string text = fmt::format(
      "width {} needs {} trainers, all agents together have {}: start more of them (--trainers, or more nodes) or "
      "lower `width`",
      c.width, c.width, c.largest);
  report_failure({c.stage, 0}, sched::FailureClass::user, text, true);
}

void Coordinator::execute(const Scheduler::Withdrawn& c) {
  sweeps_.withdrawn(c.stage);
  observer_.withdrawn(c.stage);
}

void Coordinator::execute(const Scheduler::Revived& c) {
  journal_.add({{"event", "revived"}, {"identity", work_.identities[c.stage].hex()}});
  sweeps_.revived(c.stage, c.blocked);
  if (!c.blocked) status_.revived(c.stage);
  observer_.revived(c.stage);
}

void Coordinator::execute(const Scheduler::LoseAgent& c) {
  journal_.add({{"event", "lost"}, {"agent", c.agent}, {"host", host(c.agent)}});
  status_.lost(c.agent);
  if (ending_) return;  // it left because it was asked to
  bool silent = false;
  for (sched::AgentId agent : links_.agents()) silent = silent || agent == c.agent;
  if (silent) links_.drop(c.agent);
  if (!drains_)
    observer_.say(fmt::format("lost the agent on {} ({}); its stages go to others", host(c.agent),
                              silent ? "silent" : "it died"));
}

void Coordinator::execute(const Scheduler::Quarantine& c) {
  double length = seconds(c.length);
  journal_.add({{"event", "quarantine"},
                {"agent", c.agent},
                {"host", host(c.agent)},
                {"stages", c.stages},
                {"seconds", length}});
  status_.quarantined(c.agent, wall_seconds() + length);
  observer_.say(
      fmt::format("{} different stages failed on {} one after the other, while others work: it gets none for {:.0f} "
                  "min; what failed there is tried elsewhere",
                  c.stages, host(c.agent), std::ceil(length / 60)));
}

// One device of an agent.
void Coordinator::quarantined(sched::AgentId agent, const Message& message) {
  journal_.add({{"event", "quarantine"},
                {"agent", agent},
                {"host", host(agent)},
                {"device", message.text},
                {"stages", message.attempts.size()},
                {"seconds", message.number}});
  status_.quarantined(agent, message.text, wall_seconds() + message.number);
  observer_.say(fmt::format(
      "{} different stages failed on {} of {} one after the other, while its others work: it gets none for {:.0f} min; "
      "what failed there is tried elsewhere",
      message.attempts.size(), message.text, host(agent), std::ceil(message.number / 60)));
  event(Scheduler::Forgive{agent, message.attempts});
}

void Coordinator::execute(const Scheduler::Readmit& c) {
  journal_.add({{"event", "readmitted"}, {"agent", c.agent}, {"host", host(c.agent)}});
  status_.readmitted(c.agent);
  observer_.say(fmt::format("{} gets stages again", host(c.agent)));
}

void Coordinator::execute(const Scheduler::StopAll&) {
  for (sched::AgentId agent : links_.agents())
    links_.send(agent, {.kind = Message::Kind::drain, .number = seconds(options_.timers.grace)});
}

}  // namespace winnow::fleet
