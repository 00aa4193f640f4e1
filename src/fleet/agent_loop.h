// The agent as a process: carries out what sched::Agent decides, and reports to it what happens. One thread, one poll;
// disks are the Worker's.
#pragma once

#include <poll.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "message.h"
#include "slot_devices.h"
#include "trainer_events.h"
#include "trainer_process.h"
#include "winnow/core/oom_kills.h"
#include "winnow/sched/agent.h"
#include "worker.h"

namespace winnow::fleet {

// Lives between the coordinator's welcome and the end of the connection or of its work. run() returns when nothing is
// left to do; results that trainers had delivered by then are committed.
class AgentLoop {
 public:
  AgentLoop(const Options&, Descriptor coordinator);
  void run();

 private:
  struct SlotState {  // a slot
    std::unique_ptr<ChildProcess> trainer;
    // Of a trainer, or a part of a gang, that waits until the memory of its GPUs is free.
    std::vector<sched::Slot> to_start;
    bool to_reserve = false;           // it is a part of a gang, and not to be started yet
    std::unique_ptr<GangCalls> calls;  // of a gang over several agents
    Path folder;                       // of that
    bool part = false;                 // what runs here was called by another agent
    std::string version, device;
    Task task;                            // what it runs, or ran last
    double start = 0, reported = 0;       // wall clock: of the stage; of the last progress passed on
    Value done;                           // its result event
    std::string fault;                    // why it is being killed, or has failed
    bool deaf = false;                    // killed: what it still says is not listened to
    bool ended = false, not_run = false;  // reaped; given a stage after that
  };

  void wait();
  void hear_coordinator();
  void on_message(const Message&);
  bool welcome(const Message&);
  void take_sources(const std::string& json);
  void take_devices();
  std::string devices_of(const std::vector<sched::Slot>&) const;  // CUDA_VISIBLE_DEVICES of a trainer in these slots
  sched::SharedDevices shared_devices() const;
  void start_waiting();
  void start(sched::Slot);
  TrainerCommand command_in(const std::vector<sched::Slot>&) const;
  void pass_on_calls();
  void look_at_gpus();
  bool memory_is_free(const std::string& gpu) const;
  void hear_trainer(sched::Slot);
  void hear_event(sched::Slot, const TrainerEvent&, const std::string& line);
  void refuse_trainer(sched::Slot);
  void misbehaved(sched::Slot, std::string fault, sched::FailureClass = sched::FailureClass::transient);
  void reap_trainers();
  void hear_worker();

  void post(sched::Agent::Event);
  void execute(const sched::Agent::Prepare&);
  void execute(const sched::Agent::StartTrainer&);
  void execute(const sched::Agent::FreeSlots&);
  void execute(const sched::Agent::StartPart&);
  void execute(const sched::Agent::Run&);
  void execute(const sched::Agent::StopStage&);
  void execute(const sched::Agent::KillTrainer&);
  void execute(const sched::Agent::QuitTrainer&);
  void execute(const sched::Agent::Commit&);
  void execute(const sched::Agent::Exit&);
  void execute(const sched::Agent::ReportStarted&);
  void execute(const sched::Agent::ReportReserved&);
  void execute(const sched::Agent::ReportDone&);
  void execute(const sched::Agent::ReportFailed&);
  void execute(const sched::Agent::ReportReturned&);
  void execute(const sched::Agent::ReportSlots&);
  void execute(const sched::Agent::SendHeartbeat&);
  void execute(const sched::Agent::Quarantined&);
  void execute(const sched::Agent::Readmitted&);
  std::string name_of(sched::Slot) const;
  void send(const Message&);
  void flush();

  const Options options_;
  Descriptor coordinator_, children_;  // children_: readable when a trainer has ended
  std::string to_send_;
  MessageReader heard_;
  std::optional<sched::Agent> machine_;     // from the welcome on
  std::deque<sched::Agent::Event> events_;  // happened, not yet handled
  bool handling_ = false;
  std::map<sched::Attempt, Task> tasks_;  // given, not yet running
  std::vector<SlotState> slots_;
  SlotDevices devices_;                        // from the welcome on
  std::map<std::string, std::int64_t> taken_;  // by GPU: bytes that others used on it when this agent took it
  std::optional<GpuWatch> watch_;              // its GPUs, each once
  std::map<std::string, int> missed_;          // by GPU: looks in a row at which it could not be used
  sched::Time looked_{};
  std::uint64_t oom_kills_ = oom_kills();  // before the last trainer that was killed
  std::unique_ptr<Worker> worker_;
  bool connected_ = true, finished_ = false;
};

}  // namespace winnow::fleet
