// Which stage runs next, where, and what a failure means. A pure state machine: events (time among them) in, commands
// out.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "winnow/sched/quarantine.h"
#include "winnow/sched/ready_queue.h"
#include "winnow/sched/timers.h"

namespace winnow::sched {

// What the scheduler knows of the stages: indices and classes only; who owns the stages regenerates them by index.
struct Graph {
  std::vector<std::vector<StageId>> inputs;  // by stage: what must be done first
  std::vector<ClassId> classes;              // by stage
  std::vector<std::uint32_t> widths;         // by class: trainers that execute it together; empty: 1
  std::vector<bool> done;                    // by stage: has a result already, or is not needed
  std::vector<Priority> priorities;          // by stage: smaller ones start first; empty: all are equal
};

struct Policy {
  std::uint32_t max_attempts = 3;   // of a stage that fails for no fault of its own
  std::uint32_t user_failures = 2;  // of a stage that fails by its own fault
  std::uint32_t max_failures = 0;   // so many failed stages end the sweep; 0: never
  // So many different stages that fail on an agent, one after the other, while another agent works: the fault is its
  // own, and it is in quarantine. 0: never.
  std::uint32_t quarantine = kQuarantineFailures;
};

// Life: constructed with the graph, then one call of `on` for each event with a time that never goes back, until
// finished(). Commands are appended to `out`, to be carried out in order.
//
// Promises, whatever the events: each stage ends done, failed or blocked, once (or stays open: after a drain, or
// stranded); no stage runs before its inputs are done; an accepted result is never taken back. A stage of width k takes
// k slots of one agent, all or none; once all agents are here and none has so many, of several: each keeps its part
// free (Reserved), and when all do, the first one starts the gang (Begin). What becomes of a part becomes of the whole.
//
// Of one priority wider stages go first. One that waits for room has slots reserved, those that are expected to come
// free first; they take nothing else but stages that are expected to end before the others of the reservation are free.
// So a wide stage cannot starve, and slots do not idle for it where something fits in front. A later priority gets what
// an earlier one leaves. An agent holds a stage ahead only for a slot that is expected to come free soon: a long one
// must not wait behind long ones. A stage that failed by its own fault is tried again on another agent, where there is
// one; after any other failure there, too, if that has a free slot, and the last time in any case. An agent in
// quarantine gets no stage; what failed there in a row is not counted against the stages. The last agent that works is
// never in quarantine.
class Scheduler {
 public:
  // Events.
  struct Joined {
    AgentId agent;
    std::uint32_t slots;
  };
  // It has lost some of its slots, or got some back; with none left it is of no more use.
  struct Resized {
    AgentId agent;
    std::uint32_t slots;
  };
  struct Complete {};  // no further agent is expected
  // These failed there for the fault of a device that it uses no more: it does not count against them.
  struct Forgive {
    AgentId agent;
    std::vector<Attempt> failed;
  };
  // Renews the leases of what it holds.
  struct Beat {
    AgentId agent;
    std::vector<Attempt> held;
  };
  struct Started {
    AgentId agent;
    Attempt attempt;
  };
  // It has the slots of its part free, and keeps them so.
  struct Reserved {
    AgentId agent;
    Attempt attempt;
  };
  // The run file is committed.
  struct Done {
    AgentId agent;
    Attempt attempt;
    CommitOutcome outcome;
  };
  // `text` and outcomes are passed on, not read; an empty text where the agent was lost.
  struct Failed {
    AgentId agent;
    Attempt attempt;
    FailureClass why;
    std::string text;
  };
  // Not executed, or stopped on request.
  struct Returned {
    AgentId agent;
    Attempt attempt;
  };
  // Its connection closed.
  struct Left {
    AgentId agent;
  };
  struct Tick {};
  struct Drain {};
  // Nobody wants these stages any more, nor what depends on them. What runs of them is stopped.
  struct Withdraw {
    std::vector<StageId> stages;
  };
  // Those of them that failed for good are tried again, as if they never had been.
  struct Revive {
    std::vector<StageId> stages;
  };
  // Further stages, numbered after those that are known.
  struct Extend {
    Graph more;  // inputs: of any stage before; widths: of classes that are new; priorities: of each of them
    std::vector<std::uint32_t> attempts;                   // by stage of `more`: made earlier
    std::vector<std::optional<double>> seconds;            // by class that is new: what earlier runs knew
    std::vector<std::pair<StageId, Priority>> priorities;  // known stages, and what theirs is from now on
  };
  using Event = std::variant<Joined, Resized, Complete, Beat, Started, Reserved, Done, Failed, Returned, Left, Tick,
                             Drain, Withdraw, Revive, Extend, Forgive>;

  // Commands.
  // A lease: execute it in so many slots, or say why not; a part of a gang over several agents: keep them free. So many
  // attempts have run out of memory.
  struct Assign {
    AgentId agent;
    Attempt attempt;
    std::uint32_t out_of_memory = 0;
    std::uint32_t slots = 1;
    bool part = false;
  };
  // All parts are free: start the gang. `parts`: its own first.
  struct Begin {
    AgentId agent;
    Attempt attempt;
    std::vector<Part> parts;
  };
  // The gang of which it had a part has ended well.
  struct Release {
    AgentId agent;
    Attempt attempt;
  };
  // Return it if it has not started.
  struct Retract {
    AgentId agent;
    Attempt attempt;
  };
  // This attempt is no longer waited for.
  struct Cancel {
    AgentId agent;
    Attempt attempt;
  };
  // The stage is done.
  struct Accept {
    AgentId agent;
    Attempt attempt;
    CommitOutcome outcome;
  };
  // It will be tried again.
  struct Retry {
    Attempt failed;
    FailureClass why;
    std::string text;
  };
  // For good.
  struct Fail {
    Attempt last;
    FailureClass why;
    std::string text;
  };
  // An input failed for good, or is not wanted any more.
  struct Block {
    StageId stage;
    StageId because;
  };
  // Failed: all agents together never had more slots than `largest`.
  struct TooWide {
    StageId stage;
    std::uint32_t width, largest;
  };
  struct Withdrawn {
    StageId stage;
  };
  // Failed, or blocked by one that had: open again.
  struct Revived {
    StageId stage;
    bool blocked;
  };
  struct LoseAgent {
    AgentId agent;
  };  // silent or gone
  // So many stages failed there in a row: it gets none for so long; it may get some again.
  struct Quarantine {
    AgentId agent;
    std::uint32_t stages;
    Time length;
  };
  struct Readmit {
    AgentId agent;
  };
  struct StopAll {};  // agents start nothing more
  using Command = std::variant<Assign, Begin, Release, Retract, Cancel, Accept, Retry, Fail, Block, TooWide, Withdrawn,
                               Revived, LoseAgent, Quarantine, Readmit, StopAll>;
  using Commands = std::vector<Command>;

  Scheduler(Graph, Policy, Timers);

  // What earlier runs knew; before the first event.
  void predict(ClassId, double seconds);
  void attempted(StageId, std::uint32_t attempts);  // so that no number is used twice

  void on(const Event&, Time now, Commands& out);

  // Nothing is open, or nothing may start any more and nothing runs.
  bool finished() const { return open_ == 0 || (stopping_ && leases_.empty()); }

  bool stopping() const { return stopping_; }  // nothing starts any more

  // What is left needs slots that were lost: nothing runs, and nothing can start until an agent joins. A run that is
  // started again with all its agents goes on from here.
  bool stranded() const;

  // Who executes it, the one that answers for it first; nobody where it holds no lease.
  std::vector<Part> parts_of(Attempt) const;
  std::vector<StageId> failed() const;  // for good

  // leased, delayed: an attempt is under way, or the next one waits. done: or it never was to be executed.
  enum class State : std::uint8_t { waiting, ready, delayed, leased, done, failed, blocked, withdrawn };
  State state_of(StageId stage) const { return records_[stage].state; }

  struct Counts {
    std::size_t done = 0, failed = 0, blocked = 0, open = 0, running = 0, agents = 0, withdrawn = 0;
  };
  Counts counts() const;

  // Of the open stages that do not run: what for.
  struct Waiting {
    std::size_t inputs = 0, room = 0;           // stages that are not done; a slot
    std::size_t given = 0;                      // to an agent, ahead: its slots are taken
    std::size_t preparing = 0;                  // given to an agent that has the slots free
    std::size_t pause = 0;                      // after a failed attempt
    std::optional<Time> next_try = {};          // how long the first of those still does
    std::map<std::uint32_t, std::size_t> wide;  // of `room`, by width: those wider than 1
  };
  Waiting waiting(Time now) const;

  // What is still open of a class, and how long one of it is expected to take: none where its duration is not known.
  // For estimates.
  struct Outlook {
    std::size_t open = 0;
    std::uint32_t width = 1;
    std::optional<double> seconds;
  };
  std::vector<Outlook> outlook() const;  // by class

  // All that decides what it will do, as bytes, times counted back from `now`. For those who explore states.
  std::string state(Time now) const;

 private:
  static bool is_closed(State state) {
    return state == State::done || state == State::failed || state == State::blocked || state == State::withdrawn;
  }
  struct Record {
    std::uint32_t missing = 0;   // inputs that are not done
    std::uint32_t attempts = 0;  // the last number given out
    std::uint16_t failures = 0;  // for no fault of its own
    std::uint8_t user_failures = 0;
    std::uint8_t out_of_memory = 0;  // of `failures`
    State state = State::waiting;
  };
  // Slots of one agent, or of several.
  struct Place {
    AgentId agent;  // the one that speaks for the gang
    std::uint32_t slots;
    std::vector<Part> others = {};
    bool has(AgentId) const;
    template <class Visit>
    void for_each_part(Visit visit) const {
      visit(Part{agent, slots});
      for (const Part& part : others) visit(part);
    }
  };
  struct Member {
    Part part;
    Time renewed;
    bool reserved = false;
  };
  struct Lease {
    AgentId agent;
    Attempt attempt;
    Time renewed, given;
    Time end;                 // expected; where nothing is known of such stages: at any moment
    std::uint32_t slots = 1;  // of `agent`
    bool started = false, retracting = false;
    bool reserved = false;            // of a gang over several agents: those of `agent` are free
    std::vector<Member> others = {};  // further agents of the gang
    bool has(AgentId) const;
    template <class Visit>
    void for_each_part(Visit visit) const {
      visit(Part{agent, slots});
      for (const Member& member : others) visit(member.part);
    }
  };
  // What a wide stage that is ready waits for.
  struct Reservation {
    StageId stage;
    Priority priority;
    Place place;
    Time start;  // when all of it is expected to be free
  };
  // Held, kept, ahead: in slots; started: stages.
  struct Host {
    std::uint32_t slots = 0, held = 0, started = 0, kept = 0;  // kept: reserved
    std::set<std::uint64_t> reservations = {};
    Time heard{};
    std::multiset<std::pair<Time, std::uint32_t>> ends = {};  // expected, of what it holds; with widths
    std::uint32_t ahead = 0;                                  // slots for which it may hold a stage ahead
    bool refuses = false;  // it gave back what it was given: nothing more until its next heartbeat
    std::map<StageId, FailureClass> failing = {};  // what failed there since it last had a result
    std::optional<Time> quarantined_until = {};
    std::uint32_t quarantines = 0;  // so far
    bool works() const { return slots > 0 && !quarantined_until; }
  };

  void handle(const Joined&, Time, Commands&);
  void handle(const Resized&, Time, Commands&);
  void handle(const Complete&, Time, Commands&);
  void handle(const Beat&, Time, Commands&);
  void handle(const Started&, Time, Commands&);
  void handle(const Reserved&, Time, Commands&);
  void handle(const Done&, Time, Commands&);
  void handle(const Failed&, Time, Commands&);
  void handle(const Returned&, Time, Commands&);
  void handle(const Left&, Time, Commands&);
  void handle(const Tick&, Time, Commands&);
  void handle(const Drain&, Time, Commands&);
  void handle(const Withdraw&, Time, Commands&);
  void handle(const Revive&, Time, Commands&);
  void handle(const Extend&, Time, Commands&);
  void handle(const Forgive&, Time, Commands&);

  Lease* lease_of(AgentId, Attempt);  // null when the attempt holds no lease (any more)
  void end_lease(StageId, Time now);
  void forget_end(const Lease&);
  void cancel_others(const Lease&, AgentId except, Commands&);
  void assign(Time, Commands&);
  std::optional<Priority> next_priority(std::optional<Priority> after) const;
  bool can_take(const Host&, std::uint32_t width) const;
  bool has_room(const Host&, StageId) const;
  enum class NoPlace { nobody, elsewhere, full };  // no agent could take it; none but those where it failed; none now
  std::variant<Place, NoPlace> place_of(StageId) const;
  std::variant<Place, NoPlace> place_over_several(std::uint32_t width) const;
  static Place place_of_parts(std::vector<std::pair<std::uint32_t, AgentId>> free, std::uint32_t width);
  bool assign_width(std::uint32_t width, Priority priority, Time, Commands&);
  void fill_gaps(std::uint32_t width, Priority priority, Time, Commands&);
  bool must_go_elsewhere(StageId, AgentId) const;
  void give(StageId, const Place&, Time, Commands&);
  bool reserve(StageId, Time);
  std::vector<std::pair<Time, std::uint32_t>> free_by(const Host&, Time now) const;
  void start_reserved(Time, Commands&);
  // Those for which it holds; their stages are ready as before.
  void end_reservations(const std::function<bool(const Reservation&)>& which);
  void keep(const Place&, std::uint64_t reservation, bool);
  bool could_reserve(std::uint32_t width) const;
  bool spreads(std::uint32_t width) const { return complete_ && width > largest_; }
  void agents_changed();
  void fail_too_wide(Commands&);
  std::uint32_t width_of(StageId stage) const { return widths_[classes_[stage]]; }
  ReadyQueue& ready(StageId stage) { return ready_.at(width_of(stage)); }
  void steal(Commands&);
  void close(StageId stage) { --open_, --open_of_[classes_[stage]]; }
  void fail(Attempt, FailureClass, std::string text, Time, Commands&);
  void block_dependents(StageId, Commands&);
  void note_failure(AgentId, Attempt, FailureClass, Time, Commands&);
  void forgive(StageId, FailureClass);
  void readmit(Time, Commands&);
  void release_dependents(StageId);
  void make_ready(StageId);
  void add_dependents(const std::vector<std::vector<StageId>>& inputs);
  void queue_anew(const std::vector<Priority>&);
  void lose(AgentId, Time, Commands&);
  void lose_silent_agents(Time, Commands&);
  void end_expired_leases(Time, Commands&);
  void stop(Commands&);
  static std::uint64_t load_of(const Host& host) {
    return std::uint64_t{host.held} * 1000 / std::max(host.slots, std::uint32_t{1});
  }
  static std::uint64_t fill_of(const Host& host) {
    return std::uint64_t{host.held + host.kept} * 1000 /
           std::max(host.slots + (host.kept ? 0 : host.ahead), std::uint32_t{1});
  }
  void enter_orders(AgentId, const Host&);
  void leave_orders(AgentId, const Host&);
  template <class Change>
  void change(AgentId, Change);  // of what a host's places in by_load_ and by_fill_ depend on
  void look_ahead(AgentId, Time now);
  void expect(Lease&, Time now);
  void take_back_what_waits(Time now, Commands&);
  std::uint32_t window(StageId) const;

  Policy policy_;
  Timers timers_;
  std::vector<ClassId> classes_;
  std::vector<std::uint32_t> widths_;  // by class
  std::vector<Record> records_;
  std::vector<std::uint32_t> first_dependent_;  // offsets into dependents_, one more than stages
  std::vector<StageId> dependents_;
  std::map<std::uint32_t, ReadyQueue, std::greater<>> ready_;  // by width, widest first
  std::multimap<Time, StageId> delayed_;                       // by the time at which they may be tried again
  std::unordered_map<StageId, Lease> leases_;
  std::unordered_map<StageId, std::pair<AgentId, FailureClass>> failed_on_;  // of stages that will be tried again
  std::map<AgentId, Host> hosts_;
  std::set<std::pair<std::uint64_t, AgentId>> by_load_;  // (held per slot, agent)
  // (held and kept per slot, counting those for which it may hold a stage ahead; agent): the first takes the next
  // stage.
  std::set<std::pair<std::uint64_t, AgentId>> by_fill_;
  std::map<std::uint64_t, Reservation> reservations_;  // in the order in which they were made
  std::uint64_t next_reservation_ = 0;
  Priority latest_reserved_ = 0;                   // no reservation has a later priority
  std::vector<AgentId> touched_;                   // with reservations, and changed since they were looked at
  std::set<AgentId> gaps_;                         // with reservations and idle slots
  std::map<std::uint32_t, std::uint32_t> unkept_;  // agents, by slots that are not reserved
  std::uint32_t largest_ = 0, all_slots_ = 0;      // slots: the most of one agent, of all together
  std::uint32_t most_slots_ = 0;                   // that all together ever had
  Time looked_{};                                  // when what waits was looked at
  std::size_t open_ = 0, done_ = 0, failed_ = 0, blocked_ = 0, withdrawn_ = 0;
  std::vector<std::uint32_t> seen_;     // by class: durations learned
  std::vector<std::uint32_t> open_of_;  // by class
  bool stopping_ = false, complete_ = false;
};

template <class Change>
void Scheduler::change(AgentId agent, Change change) {
  Host& host = hosts_.at(agent);
  leave_orders(agent, host);
  change(host);
  enter_orders(agent, host);
}

}  // namespace winnow::sched
