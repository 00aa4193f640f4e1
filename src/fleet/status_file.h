// Keeps what status.json says, and writes it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "sweep_progress.h"
#include "winnow/fleet/status.h"
#include "winnow/fleet/time_left.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

class StatusFile {
 public:
  // Keeps the work and the progress: labels and counts are taken when they are written.
  StatusFile(const Path& store, const Work&, const SweepProgress&);

  void extended(std::size_t done);  // the work has grown; so many of the new stages were done
  void joined(sched::AgentId, const std::string& host, std::uint32_t slots, const Value& gpus);
  void resized(sched::AgentId, std::uint32_t slots);
  void gpus(sched::AgentId, const Value& gpus);
  void heard(sched::AgentId);
  void lost(sched::AgentId);
  void quarantined(sched::AgentId, double until);  // seconds since the epoch
  void readmitted(sched::AgentId);
  // One of its devices, by the name that the agent gives it.
  void quarantined(sched::AgentId, const std::string& device, double until);
  void readmitted(sched::AgentId, const std::string& device);
  // Slots of one agent, or of several; the first one answers for it.
  void started(sched::Attempt, const std::vector<sched::Part>&);
  void progressed(sched::Attempt, const Value& event);
  void ended(sched::Attempt);
  void failed(sched::Attempt, sched::FailureClass, const std::string& text, bool final);
  void revived(sched::StageId);  // what had failed for good is tried again

  // Best effort: a full disk must not end a run. `ended`: the last word.
  void write(const sched::Scheduler::Counts&, const std::vector<sched::Scheduler::Outlook>&,
             const sched::Scheduler::Waiting&, bool ended);
  // What the file written last says; none while nothing is known.
  const std::optional<TimeLeft>& left() const { return left_; }

 private:
  double slots() const;
  Value sweeps() const;
  Value sweeps_of(sched::StageId) const;  // names
  void keep_retry(Value failure);
  std::vector<Running> running() const;

  Path path_;
  const Work& work_;
  const SweepProgress& progress_;
  double begun_;
  std::map<sched::AgentId, Value> agents_;
  std::map<sched::AgentId, Value> former_;  // that have left: host and GPUs
  std::map<sched::Attempt, Value> running_;
  std::map<sched::Attempt, std::pair<double, double>> first_;  // when its first step was reported, and which it was
  std::deque<Value> retries_;               // failures after which another attempt came: the last few
  std::map<sched::StageId, Value> failed_;  // for good: the last ones
  std::size_t failures_left_out_ = 0;       // of those, older ones
  std::size_t before_;                      // stages that were done at the beginning
  std::optional<TimeLeft> left_;
};

}  // namespace winnow::fleet
