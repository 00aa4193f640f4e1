// What the coordinator does when it is asked (requests.h).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "coordinator.h"
#include "further_sweep_json.h"
#include "winnow/core/absolute_name.h"
#include "winnow/core/counted.h"
#include "winnow/core/error.h"
#include "winnow/core/same_file.h"

namespace winnow::fleet {

using sched::Scheduler;
using sched::StageId;

namespace {

bool is_ready(const std::future<Enlarge>& plan) {
  return plan.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

void Coordinator::answer_requests() {
  if (planning_) planning_->asked = planning_->request.empty();
  requests_.answer([this](const std::string& name, const Request& request) { return carry_out(name, request); });
  if (planning_ && !planning_->asked && is_ready(planning_->plan)) planning_.reset();  // who asked has gone
  add_again();
}

// When it is there. One after the other, each on a thread of its own: a large sweep takes longer to plan than agents
// wait for a word.
std::optional<Enlarge> Coordinator::planned(const std::string& request, const FurtherSweep& sweep) {
  if (!planning_)
    planning_ = {request, std::async(std::launch::async, [this, sweep] { return work_.plan_further(sweep); })};
  if (planning_->request != request) return std::nullopt;
  planning_->asked = true;
  if (!is_ready(planning_->plan)) return std::nullopt;
  std::future<Enlarge> plan = std::move(planning_->plan);
  planning_.reset();
  try {
    return plan.get();
  } catch (const DataError& error) {
    throw UsageError(error.what());
  }
}

// Where one cannot be had any more, the rest can.
void Coordinator::add_again() {
  if (scheduler_.stopping() || again_.empty() || !work_.plan_further) return;
  const FurtherSweep& sweep = again_.front();
  try {
    std::optional<Enlarge> plan = planned("", sweep);
    if (!plan) return;
    observer_.say("added to the run before, which did not end: " + enlarge(*plan, sweep));
  } catch (const UsageError& error) {
    observer_.say(fmt::format("{} had been added to the run before and cannot be again: {}", sweep.file, error.what()));
  }
  again_.pop_front();
}

std::optional<std::string> Coordinator::carry_out(const std::string& name, const Request& request) {
  bool whole = request.kind == Request::Kind::cancel && request.sweep.empty();
  if (ending_ || (scheduler_.stopping() && !whole)) throw UsageError("the run is ending");
  std::optional<std::string> answer = request.kind == Request::Kind::cancel  ? cancel(request.sweep)
                                      : request.kind == Request::Kind::retry ? retry(request.stages)
                                                                             : add(name, request.further);
  if (!answer) return std::nullopt;
  journal_.add({{"event", "request"}, {"answer", *answer}});
  observer_.say("on request: " + *answer);
  return answer;
}

std::optional<std::string> Coordinator::add(const std::string& name, const FurtherSweep& asked) {
  if (!work_.plan_further) throw UsageError("this run takes no further sweep");
  std::optional<Enlarge> plan = planned(name, asked);
  if (!plan) return std::nullopt;
  return enlarge(*plan, asked);
}

std::string Coordinator::enlarge(const Enlarge& enlarge, const FurtherSweep& asked) {
  journal_.sync();
  const Recall recall(options_.store);  // earlier runs, and this one so far; what it throws finds the work as it was
  const StateOf state = [this](StageId stage) { return scheduler_.state_of(stage); };
  const std::size_t known = work_.identities.size(), classes = work_.classes.size();
  const Addition addition = enlarge(state);
  const Wanted& sweep = work_.sweeps[addition.sweep];
  Value added = {{"event", "added"}, {"sweep", sweep.name}, {"sweeps", Value::array()}};
  for (const Wanted& each : work_.sweeps)
    if (!each.replaced) added["sweeps"].push_back(each.name);
  added.update(to_json(asked));
  journal_.add(std::move(added));
  Scheduler::Extend extend{addition.more, {}, {}, addition.priorities};
  for (std::size_t stage = known; stage < work_.identities.size(); ++stage)
    extend.attempts.push_back(recall.attempts(work_.identities[stage]));
  for (auto id = static_cast<sched::ClassId>(classes); id < work_.classes.size(); ++id) {
    extend.seconds.push_back(recall.seconds(work_.classes[id]));
    peaks_[id] = recall.peak(work_.classes[id]);
  }
  std::vector<StageId> gone;
  if (addition.replaces) gone = own_stages(*addition.replaces);
  sweeps_.add([&](StageId stage) { return stage < known ? state(stage) : Scheduler::State::waiting; });
  changed_.taken(addition.sweep);
  status_.extended(static_cast<std::size_t>(std::count(extend.more.done.begin(), extend.more.done.end(), true)));
  observer_.extended(static_cast<std::size_t>(std::count(extend.more.done.begin(), extend.more.done.end(), false)));
  for (sched::AgentId agent : links_.agents())
    links_.send(agent, {.kind = Message::Kind::sources, .detail = sources()});
  event(std::move(extend));
  std::size_t before = scheduler_.counts().withdrawn;
  event(Scheduler::Withdraw{std::move(gone)});
  std::size_t left_out = scheduler_.counts().withdrawn - before;
  auto to_run = static_cast<std::size_t>(std::count(sweep.needed.begin(), sweep.needed.end(), true));
  std::size_t shared = 0;
  for (StageId stage = 0; stage < known; ++stage) shared += sweep.needed[stage];
  return fmt::format("{}: {}, {} done, {} to run{}{}", sweep.name, counted(sweep.stages, "stage"), addition.done,
                     to_run, shared ? fmt::format(", {} of them known to this run", shared) : "",
                     left_out ? fmt::format("; {} that it no longer plans left out", left_out) : "");
}

bool Coordinator::is_wanted(StageId stage, std::optional<std::size_t> but_for) const {
  for (std::size_t sweep = 0; sweep < work_.sweeps.size(); ++sweep)
    if (sweep != but_for && !cancelled_.count(sweep) && !work_.sweeps[sweep].replaced &&
        work_.sweeps[sweep].needed[stage])
      return true;
  return false;
}

// What no other sweep needs.
std::vector<StageId> Coordinator::own_stages(std::size_t sweep) const {
  std::vector<StageId> own;
  for (StageId stage = 0; stage < work_.identities.size(); ++stage)
    if (work_.sweeps[sweep].needed[stage] && !is_wanted(stage, sweep)) own.push_back(stage);
  return own;
}

std::string Coordinator::cancel(const std::string& sweep) {
  if (sweep.empty()) {
    cancelled_whole_ = true;  // also of one that drains: it is not to go on by itself
    drains_ = std::max(drains_, 1);
    journal_.add({{"event", "cancelled"}});
    event(Scheduler::Drain{});
    return "nothing new starts, what runs saves its place; run it again to go on";
  }
  std::vector<std::string> names;
  for (const Wanted& wanted : work_.sweeps)
    if (!wanted.replaced) names.push_back(wanted.name);
  auto found = std::find_if(work_.sweeps.begin(), work_.sweeps.end(),
                            [&](const Wanted& wanted) { return !wanted.replaced && wanted.name == sweep; });
  if (found == work_.sweeps.end())
    throw UsageError(fmt::format("this run has no sweep {}{}; it has {}", sweep, did_you_mean(sweep, names),
                                 fmt::join(names, ", ")));
  auto index = static_cast<std::size_t>(found - work_.sweeps.begin());
  journal_.add({{"event", "cancelled"}, {"sweep", sweep}, {"file", absolute_name(found->file)}});
  return fmt::format("{} of {} left out", counted(leave_out(index), "stage"), sweep);
}

std::size_t Coordinator::leave_out(std::size_t sweep) {
  std::vector<StageId> own = own_stages(sweep);
  cancelled_.insert(sweep);
  std::size_t before = scheduler_.counts().withdrawn;
  event(Scheduler::Withdraw{std::move(own)});
  return scheduler_.counts().withdrawn - before;
}

// A run that died is started again with the sweeps it had, by launch/mpirun or by Slurm: what was cancelled of it is
// wanted no more. Where nothing else is named, it was a person who did: they want it.
void Coordinator::leave_out_again(const std::vector<Recall::Cancelled>& cancelled) {
  std::vector<std::size_t> sweeps;
  for (std::size_t i = 0; i < work_.sweeps.size(); ++i)
    if (std::any_of(cancelled.begin(), cancelled.end(), [&](const Recall::Cancelled& one) {
          return one.sweep == work_.sweeps[i].name && same_file(one.file, work_.sweeps[i].file);
        }))
      sweeps.push_back(i);
  bool wanted = sweeps.size() == work_.sweeps.size() && again_.empty();
  for (std::size_t sweep : sweeps) {
    const Wanted& which = work_.sweeps[sweep];
    if (wanted) {
      journal_.add({{"event", "wanted"}, {"sweep", which.name}, {"file", absolute_name(which.file)}});
      continue;
    }
    std::size_t stages = leave_out(sweep);
    observer_.say(fmt::format(
        "{0} was cancelled in the run before, which did not end: {1} of it left out; `winnow add {2} --store {3}` "
        "brings it back",
        which.name, counted(stages, "stage"), which.file, options_.store.string()));
  }
}

std::string Coordinator::retry(const std::vector<std::string>& stages) {
  std::vector<StageId> chosen;
  for (StageId stage : scheduler_.failed()) {
    if (!is_wanted(stage)) continue;  // its sweep was cancelled or edited
    std::string identity = work_.identities[stage].hex();
    if (stages.empty() ||
        std::any_of(stages.begin(), stages.end(), [&](const auto& begin) { return identity.starts_with(begin); }))
      chosen.push_back(stage);
  }
  for (const std::string& begin : stages)
    if (std::none_of(chosen.begin(), chosen.end(),
                     [&](StageId stage) { return work_.identities[stage].hex().starts_with(begin); }))
      throw UsageError(fmt::format("no stage that failed is {}: see `winnow status`", begin));
  if (chosen.empty()) throw UsageError("no stage has failed");
  std::size_t count = chosen.size();
  event(Scheduler::Revive{std::move(chosen)});
  return fmt::format("{} tried again", count == 1 ? "1 failed stage is" : fmt::format("{} failed stages are", count));
}

}  // namespace winnow::fleet
