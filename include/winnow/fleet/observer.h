// What a run reports while it is running. Called from the coordinator's loop: return quickly.
#pragma once

#include <optional>
#include <string>

#include "winnow/core/settings.h"
#include "winnow/fleet/time_left.h"
#include "winnow/sched/scheduler.h"

namespace winnow::fleet {

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void started(sched::Attempt, const std::string& host) = 0;
  virtual void progressed(sched::Attempt, const Value& event) = 0;  // the trainer's last progress event, as it wrote it
  virtual void done(sched::Attempt, double seconds, const std::string& host) = 0;
  // `text`: the first line says what happened, further lines are the trainer's last ones. Tried again unless `final`.
  virtual void failed(sched::Attempt, sched::FailureClass, const std::string& text, bool final) = 0;
  virtual void blocked(sched::StageId, sched::StageId because) = 0;
  // Somebody asked for it: it is open again, or nobody wants it any more.
  virtual void revived(sched::StageId) = 0;
  virtual void withdrawn(sched::StageId) = 0;
  virtual void extended(std::size_t stages) = 0;  // so many further ones are to be executed
  virtual void say(const std::string& line) = 0;  // agents that come and go, drains, warnings
  virtual void status(const sched::Scheduler::Counts&, const std::optional<TimeLeft>&) = 0;  // about ten times a second
};

}  // namespace winnow::fleet
