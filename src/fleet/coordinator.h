// Drives the scheduler: turns what agents say, signals and time into its events, and its commands into messages,
// journal records and words for the observer.
#pragma once

#include <deque>
#include <future>
#include <optional>
#include <set>

#include "changed_files.h"
#include "journal.h"
#include "lease.h"
#include "links.h"
#include "recall.h"
#include "request_files.h"
#include "status_file.h"
#include "sweep_progress.h"

namespace winnow::fleet {

class Coordinator {
 public:
  // Takes the lease, opens the journal, forks the local agent. MPI may be initialised after that.
  Coordinator(const Work&, const Options&, const World&, std::unique_ptr<MpiWorld>&, Observer&);

  Outcome run();
  bool lost_rank() const { return links_.lost_rank(); }

 private:
  void welcome(sched::AgentId);
  std::string sources() const;
  void on_message(sched::AgentId, const Message&);
  void distrust(sched::AgentId, const std::string& fault);
  static Descriptor watch_signals();
  void on_signals();
  void keep_time();
  void quarantined(sched::AgentId, const Message&);
  void end_agents();
  void abandon(const std::string& why);
  std::string lost_slots() const;
  void mind_deadline();
  void replace_local_agent();

  void event(const sched::Scheduler::Event&);
  void execute(const sched::Scheduler::Assign&);
  void execute(const sched::Scheduler::Begin&);
  void execute(const sched::Scheduler::Release&);
  void execute(const sched::Scheduler::Retract&);
  void execute(const sched::Scheduler::Cancel&);
  void execute(const sched::Scheduler::Accept&);
  void execute(const sched::Scheduler::Retry&);
  void execute(const sched::Scheduler::Fail&);
  void execute(const sched::Scheduler::Block&);
  void execute(const sched::Scheduler::TooWide&);
  void execute(const sched::Scheduler::Withdrawn&);
  void execute(const sched::Scheduler::Revived&);
  void execute(const sched::Scheduler::LoseAgent&);
  void execute(const sched::Scheduler::Quarantine&);
  void execute(const sched::Scheduler::Readmit&);
  void execute(const sched::Scheduler::StopAll&);
  Value record(const char* event, sched::Attempt) const;
  std::string host(sched::AgentId) const;
  std::uint32_t width_of(sched::StageId) const;
  void remarked(sched::Attempt, const Value& event);
  void report_failure(sched::Attempt, sched::FailureClass, const std::string& text, bool final);
  void answer_requests();
  std::optional<std::string> carry_out(const std::string& name, const Request&);
  std::optional<std::string> add(const std::string& name, const FurtherSweep&);
  std::optional<Enlarge> planned(const std::string& request, const FurtherSweep&);
  std::string enlarge(const Enlarge&, const FurtherSweep&);
  void add_again();
  bool is_wanted(sched::StageId, std::optional<std::size_t> but_for = {}) const;
  std::vector<sched::StageId> own_stages(std::size_t sweep) const;
  std::string cancel(const std::string& sweep);
  std::size_t leave_out(std::size_t sweep);  // stages
  void leave_out_again(const std::vector<Recall::Cancelled>&);
  std::string retry(const std::vector<std::string>& stages);
  std::int64_t memory_of(sched::ClassId) const;  // MemoryNeed::bytes of its stages

  const Work& work_;
  const Options& options_;
  const World world_;
  std::unique_ptr<MpiWorld>& mpi_;
  Observer& observer_;
  Descriptor signals_;
  StoreLease lease_;
  Journal journal_;
  SweepProgress sweeps_;
  StatusFile status_;
  RequestFiles requests_;
  ChangedFiles changed_;
  std::set<std::size_t> cancelled_;  // sweeps
  bool cancelled_whole_ = false, late_ = false;
  sched::Scheduler scheduler_;
  Links links_;
  std::map<sched::AgentId, std::string> hosts_;
  std::map<sched::AgentId, double> gpus_of_a_slot_;  // 1, an n-th where n trainers share one, 0 on CPUs
  // By class: bytes of a device that a stage of it has held at most, of all that are known.
  std::map<sched::ClassId, std::int64_t> peaks_;
  // A further sweep that is being planned.
  struct Planning {
    std::string request;  // its name; empty: an earlier run's
    std::future<Enlarge> plan;
    bool asked = true;  // somebody still waits for it
  };
  std::optional<Planning> planning_;
  std::deque<FurtherSweep> again_;  // that an earlier run had been given, and did not complete
  std::string refused_;
  std::string abandoned_;  // why it cannot go on
  sched::Time beaten_{}, ticked_{}, synced_{}, asked_{}, requested_{}, shown_{}, written_{};
  int replacements_ = 0;
  int drains_ = 0;  // signals so far
  bool ending_ = false;
  bool complete_ = false;  // every agent has joined, or had its time
  sched::Time begun_ = {};
  sched::Time ending_since_{};
};

}  // namespace winnow::fleet
