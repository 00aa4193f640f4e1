// A program of a method as a process: started from a copy of the files that it is made of, spoken to in lines of JSON.
// docs/programs.md#5.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "winnow/core/child_process.h"
#include "winnow/core/settings.h"
#include "winnow/stage/program.h"

namespace winnow::train {

class LivingProgram {
 public:
  // `fingerprint`: what the stage was planned with. `sees_gpu`: else GPUs are hidden from it. Waits until the program
  // is ready. `between`: called several times a second; what it throws ends the wait. DataError where its files are
  // others by now; UsageError where it is no such program; DeviceError where it ends.
  LivingProgram(const Program&, const std::string& fingerprint, int threads, bool sees_gpu,
                const std::function<void()>& between);
  ~LivingProgram();

  const std::string& fingerprint() const { return fingerprint_; }
  int threads() const { return threads_; }
  bool sees_gpu() const { return sees_gpu_; }
  bool lives() const { return lives_; }

  void send(const Value& order);
  // The next event, an object with a text `event`; none after `wait` without one. UsageError for a line that is no
  // event, DeviceError when it has ended; both name its last words.
  std::optional<Value> next(std::chrono::milliseconds wait);
  void end();  // at once

 private:
  std::string last_words() const;

  std::string fingerprint_;
  int threads_;
  bool sees_gpu_;
  std::unique_ptr<ChildProcess> process_;
  std::vector<std::string> heard_;  // lines, newest last
  bool lives_ = true;
};

}  // namespace winnow::train
