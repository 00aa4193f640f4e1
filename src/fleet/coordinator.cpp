#include "coordinator.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "clock.h"
#include "commit_note.h"
#include "missing_results.h"
#include "nonsense.h"
#include "own_folders.h"
#include "too_small_gpus.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/revision.h"
#include "winnow/core/same_file.h"
#include "winnow/store/store.h"

namespace winnow::fleet {

namespace {

using sched::AgentId;
using sched::Scheduler;
using sched::Time;

constexpr int kReplacements = 3;  // of a local agent that dies, where there is no MPI

const Path& made(const Path& folder) {
  make_folders(folder);
  require_own_folders(folder);  // before anything is changed there
  return folder;
}

bool due(Time& last, Time period) {
  Time time = now();
  if (time - last < period) return false;
  last = time;
  return true;
}

}  // namespace

Coordinator::Coordinator(const Work& work, const Options& options, const World& world, std::unique_ptr<MpiWorld>& mpi,
                         Observer& observer)
    : work_(work), options_(options), world_(world), mpi_(mpi), observer_(observer), signals_(watch_signals()),
      lease_(made(options.store), Journal::last_epoch(options.store) + 1, options.timers.lease_silence),
      journal_(options.store, lease_.epoch()), sweeps_(work.sweeps), status_(options.store, work, sweeps_),
      requests_(options.store), changed_(work), scheduler_(work.graph, options.policy, options.timers),
      links_(world, mpi) {
  const Recall known(options.store);
  Journal::Replayed replayed = recall(known, work, scheduler_, peaks_);
  for (const FurtherSweep& sweep : known.further())
    if (std::none_of(work.sweeps.begin(), work.sweeps.end(),
                     [&](const Wanted& w) { return same_file(w.file, sweep.file); }))
      again_.push_back(sweep);
  leave_out_again(known.cancelled());
  if (replayed.damaged)
    observer.say(fmt::format("{} damaged records of the journal in {} were skipped; no result depends on them",
                             replayed.damaged, (options.store / "journal").string()));
  if (replayed.cut)
    observer.say(
        fmt::format("the last record of the journal in {} was torn: {} bytes were cut off; no result depends "
                    "on them",
                    (options.store / "journal").string(), replayed.cut));
  try {
    constexpr std::uint64_t kLarge = 4 << 20;
    Journal::compact(options.store, kLarge);
  } catch (const DeviceError& error) {  // a full disk: it is as good as before
    observer.say(fmt::format("the journal stays as large as it is: {}", error.what()));
  }
  store::Store(options.store, options.references).remove_finished_checkpoints();
  if (work.begun) work.begun();
  Value names = Value::array();
  for (const Wanted& sweep : work.sweeps) names.push_back(sweep.name);
  journal_.add({{"event", "begin"},
                {"sweep", work.name},
                {"sweeps", std::move(names)},
                {"revision", revision()},
                {"host", host_name()},
                {"pid", ::getpid()},
                {"ranks", world.size},
                {"open", scheduler_.counts().open}});
  journal_.sync();
  links_.add_local(start_agent(options));
}

Outcome Coordinator::run() {
  for (AgentId agent : links_.agents()) welcome(agent);
  asked_ = begun_ = now();
  for (;;) {
    bool busy = links_.receive([this](AgentId agent, const Message& message) { on_message(agent, message); });
    on_signals();
    keep_time();
    bool grows = (!again_.empty() || (planning_ && planning_->asked)) && !scheduler_.stopping();
    if (scheduler_.stranded() && !grows && !ending_) abandon(lost_slots());
    if (!refused_.empty() || (scheduler_.finished() && !grows)) end_agents();
    journal_.flush();
    links_.flush();
    if (links_.agents().empty()) {
      if (ending_ || (world_.mpi || replacements_ >= kReplacements)) break;
      replace_local_agent();
    }
    links_.wait(signals_.get(), busy);
  }
  changed_.report(observer_);
  Scheduler::Counts counts = scheduler_.counts();
  journal_.add({{"event", "end"},
                {"done", counts.done},
                {"failed", counts.failed},
                {"blocked", counts.blocked},
                {"withdrawn", counts.withdrawn},
                {"open", counts.open + again_.size() + (planning_ ? 1 : 0)}});
  journal_.sync();
  status_.write(counts, scheduler_.outlook(), scheduler_.waiting(now()), true);
  if (!refused_.empty()) throw UsageError(refused_);
  bool stopped = drains_ > 0 && counts.open > 0;
  if (!ending_) abandoned_ = "every agent was lost";
  return {counts,
          stopped,
          stopped && cancelled_whole_,
          stopped && late_,
          abandoned_,
          sweeps_.counts(),
          missing_results(options_.store, scheduler_, work_.graph, work_.identities)};
}

void Coordinator::welcome(AgentId agent) {
  links_.send(agent, {.kind = Message::Kind::welcome, .text = lease_.token(), .detail = sources()});
}

std::string Coordinator::sources() const {
  Value datasets = Value::object();
  for (const auto& [name, source] : work_.datasets)
    datasets[name] = {{"preset", source.preset}, {"source", source.source}, {"digest", source.digest}};
  return datasets.dump();
}

// What an agent sent cannot be believed: its stages go to others, as if it were gone.
void Coordinator::distrust(AgentId agent, const std::string& fault) {
  observer_.say(fmt::format("agent {}{} sends nonsense ({}): it is not listened to any more", agent,
                            hosts_.count(agent) ? " on " + host(agent) : "", fault));
  event(Scheduler::Left{agent});
}

// Possible only without MPI, where forking is harmless.
void Coordinator::replace_local_agent() {
  ++replacements_;
  if (planning_) planning_->plan.wait();  // what is forked beside another thread may find locks that nobody opens
  observer_.say("the agent died and is started again");
  welcome(links_.add_local(start_agent(options_)));
}

void Coordinator::on_message(AgentId agent, const Message& message) {
  sched::Attempt attempt = message.attempt;
  if (std::string fault = nonsense_in(message, work_.identities.size()); !fault.empty()) {
    links_.refuse(agent);
    return distrust(agent, fault);
  }
  status_.heard(agent);
  switch (message.kind) {
    case Message::Kind::joined: {
      Value said = Value::parse(message.detail, nullptr, /*allow_exceptions=*/false);
      if (!said.is_object()) said = Value::object();  // another revision may say it otherwise
      if (std::string other = said.value("revision", ""); other != revision()) {
        refused_ = fmt::format(
            "winnow on host {} is of revision {}, the coordinator on host {} of {}: they would compute one table with "
            "different code; install one build "
            "on all hosts",
            message.text, other.empty() ? "unknown" : other, host_name(), revision());
        return;
      }
      bool has_gpus = !said.at("gpus").empty();
      if (!options_.mixed_devices)
        for (const auto& [other, gpus] : gpus_of_a_slot_)
          if ((gpus > 0) != has_gpus) {
            refused_ = fmt::format(
                "host {} has GPUs for this run and host {} has none: leave it out, say --device cpu, or "
                "allow it with --mixed-devices",
                has_gpus ? message.text : host(other), has_gpus ? host(other) : message.text);
            return;
          }
      if (!refused_.empty()) return;  // another agent was: that stays said
      if (!options_.small_gpus) refused_ = too_small_gpu(work_, peaks_, said.at("gpus"), message.text);
      if (!refused_.empty()) return;
      gpus_of_a_slot_[agent] = static_cast<double>(said.at("gpus").size()) / std::max(message.number, 1.0);
      hosts_[agent] = message.text;
      status_.joined(agent, message.text, static_cast<std::uint32_t>(message.number), said.at("gpus"));
      journal_.add({{"event", "joined"},
                    {"agent", agent},
                    {"host", message.text},
                    {"pid", said.at("pid")},
                    {"slots", message.number},
                    {"gpus", said.at("gpus")}});
      return event(Scheduler::Joined{agent, static_cast<std::uint32_t>(message.number)});
    }
    case Message::Kind::refused: refused_ = message.text; return;
    case Message::Kind::started: {
      Value started = record("started", attempt);
      started["agent"] = agent;
      started["host"] = host(agent);
      started["trainer"] = static_cast<std::int64_t>(message.number);
      started["code_version"] = message.text;
      if (double gpus = gpus_of_a_slot_[agent] * width_of(attempt.stage); gpus > 0) started["gpus"] = gpus;
      std::vector<sched::Part> parts = scheduler_.parts_of(attempt);
      if (parts.empty()) parts = {{agent, width_of(attempt.stage)}};  // its lease has ended meanwhile
      if (parts.size() > 1)
        for (const sched::Part& part : parts) started["hosts"].push_back(host(part.agent));
      journal_.add(std::move(started));
      status_.started(attempt, parts);
      observer_.started(attempt, host(agent));
      return event(Scheduler::Started{agent, attempt});
    }
    case Message::Kind::reserved: return event(Scheduler::Reserved{agent, attempt});
    case Message::Kind::call: {
      std::vector<sched::Part> parts = scheduler_.parts_of(attempt);
      if (parts.empty()) return;  // its lease has ended meanwhile
      if (std::string fault = fault_of_call(agent, message.number, parts); !fault.empty()) {
        links_.refuse(agent);
        return distrust(agent, fault);
      }
      return links_.send(
          parts[static_cast<std::size_t>(message.number)].agent,
          {.kind = Message::Kind::call, .attempt = attempt, .text = message.text, .detail = message.detail});
    }
    case Message::Kind::remark: return remarked(attempt, Value::parse(message.text));
    case Message::Kind::progress: {
      const Value event = Value::parse(message.text);
      status_.progressed(attempt, event);
      return observer_.progressed(attempt, event);
    }
    case Message::Kind::done:
      status_.ended(attempt);
      if (std::string note =
              commit_note(work_.label(attempt.stage), {message.number, message.text, message.detail}, options_.store);
          !note.empty())
        observer_.say(note);
      return event(Scheduler::Done{agent, attempt, {message.number, message.text, message.detail, message.memory}});
    case Message::Kind::failed:
      status_.ended(attempt);
      return event(Scheduler::Failed{agent, attempt, sched::parse_failure_class(message.text), message.detail});
    case Message::Kind::returned: status_.ended(attempt); return event(Scheduler::Returned{agent, attempt});
    case Message::Kind::heartbeat:
      if (!message.detail.empty()) status_.gpus(agent, Value::parse(message.detail));
      return event(Scheduler::Beat{agent, message.attempts});
    case Message::Kind::resized:
      status_.resized(agent, static_cast<std::uint32_t>(message.number));
      journal_.add({{"event", "resized"}, {"agent", agent}, {"slots", message.number}});
      return event(Scheduler::Resized{agent, static_cast<std::uint32_t>(message.number)});
    case Message::Kind::quarantined: return quarantined(agent, message);
    case Message::Kind::readmitted:
      journal_.add({{"event", "readmitted"}, {"agent", agent}, {"host", host(agent)}, {"device", message.text}});
      status_.readmitted(agent, message.text);
      return observer_.say(fmt::format("{} on {} gets stages again{}", message.text, host(agent),
                                       message.number > 0 ? ": one that failed there failed elsewhere, too" : ""));
    case Message::Kind::note: return observer_.say(message.text);
    case Message::Kind::left:
      if (!message.text.empty()) return distrust(agent, message.text);
      return event(Scheduler::Left{agent});
    default: throw InternalError("an agent sent a coordinator's message");
  }
}

void Coordinator::keep_time() {
  if (due(ticked_, options_.timers.beat / 20)) event(Scheduler::Tick{});
  bool all_here = static_cast<int>(hosts_.size()) >= world_.size || now() - begun_ > options_.timers.join;
  if (all_here && !hosts_.empty() && !std::exchange(complete_, true)) event(Scheduler::Complete{});
  mind_deadline();
  if (due(beaten_, options_.timers.beat)) {
    lease_.refresh();
    for (AgentId agent : links_.agents()) links_.send(agent, {.kind = Message::Kind::alive});
  }
  if (due(synced_, std::chrono::milliseconds(250))) journal_.sync();
  if (due(written_, std::chrono::seconds(1)))
    status_.write(scheduler_.counts(), scheduler_.outlook(), scheduler_.waiting(now()), false);
  if (due(shown_, std::chrono::milliseconds(100))) observer_.status(scheduler_.counts(), status_.left());
  if (due(asked_, std::chrono::seconds(5))) changed_.report(observer_);
  if (due(requested_, std::chrono::milliseconds(500))) answer_requests();
  // All that had come are lost, and those that have not by now do not come: the next start may have better luck.
  bool forsaken = world_.mpi && !ending_ && !hosts_.empty() && scheduler_.counts().agents == 0;
  if (forsaken && now() - begun_ > options_.timers.join)
    for (AgentId agent : links_.agents()) links_.drop(agent);
  Time patience = options_.timers.grace + 2 * options_.timers.stop + options_.timers.agent_silence;
  if (ending_ && now() - ending_since_ > patience)
    for (AgentId agent : links_.agents()) links_.drop(agent);
}

// Started again, it may have all agents again.
void Coordinator::abandon(const std::string& why) {
  abandoned_ = why;
  end_agents();
}

std::string Coordinator::lost_slots() const {
  std::map<std::uint32_t, std::size_t> wide = scheduler_.waiting(now()).wide;
  return fmt::format(
      "agents or devices were lost, and stages that are left need {} slots at a time, more than there are now",
      wide.empty() ? 0 : wide.begin()->first);
}

void Coordinator::end_agents() {
  if (std::exchange(ending_, true)) return;
  ending_since_ = now();
  for (AgentId agent : links_.agents()) links_.send(agent, {.kind = Message::Kind::drain, .number = 0});
}

}  // namespace winnow::fleet
