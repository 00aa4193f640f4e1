// What `winnow try` found, human-readable and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stage_classes.h"
#include "sweep_estimate.h"
#include "winnow/sweep/plan.h"

namespace winnow::cmd {

// What became of one class of stages.
struct ClassTrial {
  enum class State { good, failed, blocked };  // blocked: an input failed
  State state = State::good;
  std::string failure, failure_class,
      log;  // of failed ones; of blocked ones `failure` names the class that they wait for
  StageTimes times;
  std::int64_t memory = 0;         // bytes
  std::int64_t device_memory = 0;  // of its GPU; 0: not known
  double tried_in = 0;             // seconds
};

class TrialReport {
 public:
  // `trials`: one a class. Borrows the plan and the classes.
  TrialReport(const sweep::Plan&, const StageClasses&, std::vector<ClassTrial> trials, std::size_t done,
              std::uint32_t trainers);

  bool all_good() const;
  std::string text() const;
  Value json() const;

 private:
  std::vector<std::size_t> taken_down_by(std::uint32_t failed) const;  // experiments
  std::string name_of(std::size_t experiment) const;                   // its values of the sweep's axes
  std::vector<Job> jobs() const;                                       // of what can run
  std::int64_t epochs_of(std::uint32_t node) const;

  const sweep::Plan& plan_;
  const StageClasses& classes_;
  std::vector<ClassTrial> trials_;
  std::size_t done_;
  std::uint32_t trainers_;
  std::vector<double> seconds_;  // of all members of a class
};

}  // namespace winnow::cmd
