// What one node does with the stages that it was given. A pure state machine: events (time among them) in, commands
// out.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "winnow/sched/shared_devices.h"
#include "winnow/sched/timers.h"

namespace winnow::sched {

// One trainer for each slot, started when there is work, replaced after every failure. A gang of k processes is one
// trainer too: it takes k slots and answers for the first of them. Stages start in the order in which they were given,
// so that one which needs many slots gets them; trainers of another width that idle in its way are ended, and gangs
// that have no work. Of a gang over several agents this one has a part: it keeps its slots free (Reserved) until the
// coordinator says Begin, to the agent that starts the gang and answers for it, or the gang calls its processes here
// (Called), or it is over (Released, Cancelled). Where slots share a device, a stage starts only beside others with
// which its memory has room there (SharedDevices), and none that came later overtakes it. A stage given to the agent is
// prepared (data caches, inputs), run by a trainer, committed, reported. Each attempt given ends in exactly one of
// Done, Failed and Returned, except when it was cancelled or the coordinator stopped sending heartbeats: then no one
// listens.
//
// A stage that failed in a slot waits a while for another one. A slot in which different stages failed,
// one after the other, while others had results, is in quarantine: its device is taken to be sick, and what failed
// there is not the stages' fault (Quarantined). One of them that fails in another slot, too, clears it.
class Agent {
 public:
  // Events.
  // Wider than the slots that are left, it is returned.
  struct Given {
    Attempt attempt;
    std::uint32_t width = 1;  // slots of this agent
    MemoryNeed need = {};
    bool part = false;  // of a gang over several agents
  };
  struct Begin {
    Attempt attempt;
  };
  struct Called {
    Attempt attempt;
  };
  // The gang has ended well.
  struct Released {
    Attempt attempt;
  };
  // The slots from this one on are free, devices and all.
  struct SlotsFree {
    Slot slot;
  };
  struct Retracted {
    Attempt attempt;
  };
  struct Cancelled {
    Attempt attempt;
  };
  struct Prepared {
    Attempt attempt;
  };
  struct Unprepared {
    Attempt attempt;
    FailureClass why;
    std::string text;
  };
  struct TrainerReady {
    Slot slot;
  };
  // A mark that did not change is no progress.
  struct Progressed {
    Slot slot;
    std::uint64_t mark;
  };
  // The trainer has a result.
  struct Finished {
    Slot slot;
  };
  // The trainer says so.
  struct StageFailed {
    Slot slot;
    FailureClass why;
  };
  struct StageStopped {
    Slot slot;
  };
  // Garbage, a flood; or an event with a mistake (protocol).
  struct Misbehaved {
    Slot slot;
    FailureClass why = FailureClass::transient;
  };
  // The process has ended and is reaped; how, and its last lines.
  struct TrainerGone {
    Slot slot;
    std::string text;
    bool well = false;                           // of a part: without a fault
    FailureClass why = FailureClass::transient;  // what its stage fails as, if it ended by itself
  };
  // The same, and it had ended before it was given its stage.
  struct NotRun {
    Slot slot;
    std::string text;
  };
  // The slot's device is gone for good: what runs there is lost, nothing starts there any more. `why` outlives the
  // agent.
  struct Closed {
    Slot slot;
    std::string_view why;
  };
  struct Committed {
    Attempt attempt;
    CommitOutcome outcome;
  };
  struct Uncommitted {
    Attempt attempt;
    FailureClass why;
    std::string text;
  };
  struct Heard {};  // anything from the coordinator
  // Start nothing; what runs has `grace` to finish.
  struct Drain {
    Time grace;
  };
  struct Tick {};
  using Event = std::variant<Given, Begin, Called, Released, SlotsFree, Retracted, Cancelled, Prepared, Unprepared,
                             TrainerReady, Progressed, Finished, StageFailed, StageStopped, Misbehaved, TrainerGone,
                             NotRun, Closed, Committed, Uncommitted, Heard, Drain, Tick>;

  // Commands. To the node:
  struct Prepare {
    Attempt attempt;
  };
  // `slot` is the first of those that it takes. `gang`: over several agents, for this attempt alone.
  struct StartTrainer {
    Slot slot;
    std::vector<Slot> slots;
    std::optional<Attempt> gang = {};
  };
  // SlotsFree, once their devices are free.
  struct FreeSlots {
    Slot slot;
    std::vector<Slot> slots;
  };
  // The processes of a gang that were called here. TrainerGone when they have ended.
  struct StartPart {
    Slot slot;
    std::vector<Slot> slots;
    Attempt attempt;
  };
  struct Run {
    Slot slot;
    Attempt attempt;
  };
  struct StopStage {
    Slot slot;
  };
  // TrainerGone must follow; because: what it did, or nothing known here
  struct KillTrainer {
    Slot slot;
    FailureClass why;
    std::string_view because;
  };
  // TrainerGone must follow
  struct QuitTrainer {
    Slot slot;
  };
  struct Commit {
    Slot slot;
    Attempt attempt;
  };
  struct Exit {};  // nothing is left to do
  // To the coordinator:
  struct ReportStarted {
    Attempt attempt;
  };
  struct ReportReserved {
    Attempt attempt;
  };
  struct ReportDone {
    Attempt attempt;
    CommitOutcome outcome;
  };
  struct ReportFailed {
    Attempt attempt;
    FailureClass why;
    std::string text;
  };
  struct ReportReturned {
    Attempt attempt;
  };
  // So many are left.
  struct ReportSlots {
    std::uint32_t slots;
  };
  struct SendHeartbeat {
    std::vector<Attempt> held;
  };
  // It gets nothing for so long.
  struct Quarantined {
    Slot slot;
    std::vector<Attempt> failed;  // there
    Time length;
  };
  struct Readmitted {
    Slot slot;
    bool cleared;  // because its failures were no fault of it
  };
  using Command = std::variant<Prepare, StartTrainer, FreeSlots, StartPart, Run, StopStage, KillTrainer, QuitTrainer,
                               Commit, Exit, ReportStarted, ReportReserved, ReportDone, ReportFailed, ReportReturned,
                               ReportSlots, SendHeartbeat, Quarantined, Readmitted>;
  using Commands = std::vector<Command>;

  Agent(std::uint32_t slots, Timers, Time now, SharedDevices = {});

  void on(const Event&, Time now, Commands& out);

  bool orphaned() const { return orphaned_; }  // stopped because the coordinator stopped sending heartbeats

  // All that decides what it will do, as bytes, times counted back from `now`. For those who explore states.
  std::string state(Time now) const;

 private:
  // freeing, reserved, hosting: of a part of a gang over several agents; hosting: its processes run here.
  enum class Phase { empty, closed, starting, idle, running, stopping, dying, lent, freeing, reserved, hosting };
  struct Trainer {
    Phase phase = Phase::empty;
    std::uint32_t width = 1;  // slots that it takes
    Slot leader = 0;          // lent: to the gang in this slot
    // While running or stopping; while dying, if `owed`; of a gang over several agents always.
    Attempt attempt{};
    bool part = false;                           // of a gang over several agents
    bool ended = false;                          // hosting: its processes have
    bool owed = false;                           // dying: the coordinator still waits for its attempt
    bool killed = false;                         // dying: KillTrainer has been said
    bool abandoned = false;                      // dying, and does not die: nobody waits for it any more
    FailureClass why = FailureClass::transient;  // dying: what will be reported
    Time since{};                                // of the phase
    Time moved{};                                // of the last progress
    std::uint64_t mark = 0;
    bool moved_once = false;
    std::vector<Time> steps;  // waits between progress, the last few hundred
    bool returning = false;   // stopping: reported as Returned, not dropped
    std::int64_t memory = 0;  // of its device, that the stage has which it runs, or ran last
  };

  struct Order {
    std::uint32_t width = 1;
    MemoryNeed need = {};
    bool part = false;
  };

  void handle(const Given&, Time, Commands&);
  void handle(const Begin&, Time, Commands&);
  void handle(const Called&, Time, Commands&);
  void handle(const Released&, Time, Commands&);
  void handle(const SlotsFree&, Time, Commands&);
  void handle(const Retracted&, Time, Commands&);
  void handle(const Cancelled&, Time, Commands&);
  void handle(const Prepared&, Time, Commands&);
  void handle(const Unprepared&, Time, Commands&);
  void handle(const TrainerReady&, Time, Commands&);
  void handle(const Progressed&, Time, Commands&);
  void handle(const Finished&, Time, Commands&);
  void handle(const StageFailed&, Time, Commands&);
  void handle(const StageStopped&, Time, Commands&);
  void handle(const Misbehaved&, Time, Commands&);
  void handle(const TrainerGone&, Time, Commands&);
  void handle(const NotRun&, Time, Commands&);
  void handle(const Closed&, Time, Commands&);
  void handle(const Committed&, Time, Commands&);
  void handle(const Uncommitted&, Time, Commands&);
  void handle(const Heard&, Time, Commands&);
  void handle(const Drain&, Time, Commands&);
  void handle(const Tick&, Time, Commands&);

  // What failed in a slot since it last had a result, and why it is suspected.
  struct Suspicion {
    struct Failed {
      Attempt attempt;
      std::optional<Time> avoids_until;
    };
    std::map<StageId, Failed> failing = {};
    bool others_work = false;        // another slot has had a result since
    std::optional<Time> until = {};  // in quarantine
    std::uint32_t times = 0;         // so far
  };
  void note_result(Slot, Time, Commands&);
  void note_failure(Slot, Attempt, FailureClass, Time, Commands&);
  void suspend_if_sick(Slot, Time, Commands&);
  void readmit(Slot, bool cleared, Commands&);
  void end_suspicions(Time, Commands&);
  bool avoids(Slot, Attempt) const;  // it failed there, and waits for another slot
  bool waits_for_another_slot(Attempt) const;
  void report_slots(Commands&);
  void fill_slots(Time, Commands&);
  bool run_waiting(Attempt, std::uint32_t width, Time, Commands&);  // on an idle trainer
  bool start_trainer(Attempt, std::uint32_t width, Time, Commands&);
  bool keep_slots(Attempt, std::uint32_t width, Time, Commands&);
  std::vector<Slot> take_slots(Attempt, std::uint32_t width);
  std::vector<Slot> slots_of(Slot leader) const;
  std::optional<Slot> part_of(Attempt) const;
  void run(Slot, Attempt, Time, Commands&);
  void give_back(Slot, Commands&);
  void leave_gang(Slot, Time, Commands&);
  void make_room(std::uint32_t width, Time, Commands&);
  void release_gangs(Time, Commands&);
  void quit(Slot, Time, Commands&);
  void clear(Slot);
  void empty(Slot);
  std::uint32_t open_slots() const {
    return static_cast<std::uint32_t>(std::count(closed_.begin(), closed_.end(), false));
  }
  std::uint32_t width_of(Attempt) const;
  MemoryNeed need_of(Attempt) const;
  bool is_part(Attempt) const;
  bool has_stage(const Trainer&) const;
  bool fits(Slot, Attempt) const;  // its memory, beside the stages that run there
  void forget_ended(const Command&);
  void stop_stage(Slot, bool returning, Time, Commands&);
  void kill(Slot, bool owed, FailureClass, std::string_view because, Time, Commands&);
  void abandon(Slot, Time, Commands&);
  void begin_drain(Time now, Time grace, Commands&);
  void watch(Slot, Time, Commands&);
  void exit_when_idle(Time, Commands&);
  Time hang_limit(const Trainer&) const;
  std::vector<Attempt> held() const;

  Timers timers_;
  SharedDevices devices_;
  std::vector<Trainer> trainers_;
  std::vector<bool> closed_;           // by slot; also those in quarantine
  std::vector<Suspicion> suspicions_;  // by slot
  std::set<Attempt> preparing_;
  std::deque<Attempt> waiting_;      // prepared
  std::map<Attempt, Order> orders_;  // as long as they are held
  std::set<Attempt> committing_;
  Time heard_, beaten_;
  bool draining_ = false, orphaned_ = false, exited_ = false;
  Time stop_at_{};  // draining: running stages are asked to stop then
};

}  // namespace winnow::sched
