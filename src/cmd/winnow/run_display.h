// What `winnow run` shows while it works.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/fleet/observer.h"

namespace winnow::cmd {

// On a terminal one status line is redrawn below the lines that stay; elsewhere a status line comes now and then. With
// --json all of it goes to standard error, so that standard output holds the result alone.
class RunDisplay final : public fleet::Observer {
 public:
  // `before`: stages that were done when the run began; `total`: all stages of the sweep.
  RunDisplay(std::size_t total, std::size_t before, bool json, std::function<std::string(sched::StageId)> label);
  ~RunDisplay() override;

  void started(sched::Attempt, const std::string& host) override;
  void progressed(sched::Attempt, const Value& event) override;
  void done(sched::Attempt, double seconds, const std::string& host) override;
  void failed(sched::Attempt, sched::FailureClass, const std::string& text, bool final) override;
  void blocked(sched::StageId, sched::StageId because) override;
  void revived(sched::StageId) override;
  void withdrawn(sched::StageId) override;
  void extended(std::size_t stages) override;
  void say(const std::string& line) override;
  void status(const sched::Scheduler::Counts&, const std::optional<fleet::TimeLeft>&) override;

  std::vector<Value> failures() const;  // for good, in the order of stages

 private:
  void print(const std::string& text);  // lines that stay
  void erase_status();

  std::size_t total_, finished_;
  std::function<std::string(sched::StageId)> label_;
  std::FILE* to_;
  bool live_;
  int width_;
  bool drawn_ = false;
  double printed_;                                 // when the last line was
  std::map<sched::StageId, std::string> running_;  // what each running stage last said
  std::map<sched::StageId, Value> failures_;
};

}  // namespace winnow::cmd
