// A trainer as a process: started, written to, read from, killed. What it says is interpreted elsewhere.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "descriptor.h"
#include "gang_launch.h"

namespace winnow::fleet {

struct TrainerCommand {
  std::vector<std::string> words;  // program and arguments
  int threads = 1;
  std::uint32_t width = 1;  // more: mpirun starts so many processes, and the first one speaks
  std::vector<std::pair<std::string, std::string>> variables;  // of its environment, in place of ours

  // The GPUs that it sees, by UUID, with commas; one for each process. winnow's own trainer must be told to use them.
  void use_gpus(const std::string& uuids, bool own_trainer);
};

// Lives in its own process group and dies with the agent (parent-death signal). Its environment is ours without what
// mpirun and srun put there: an MPI program started by a trainer must not take itself for a rank of ours. Destruction
// kills the group. Of a gang every process is killed with it, whatever group it is in.
class TrainerProcess {
 public:
  explicit TrainerProcess(const TrainerCommand&);  // DeviceError
  ~TrainerProcess();
  TrainerProcess(const TrainerProcess&) = delete;

  pid_t pid() const { return pid_; }
  int output() const { return output_.get(); }
  int errors() const { return errors_.get(); }
  int input() const { return input_.get(); }
  bool unsent() const { return !to_send_.empty(); }

  void send(std::string line);  // a line without its end
  void flush();
  void close_input();  // once all is sent

  // Whole lines that arrived since the last call. A line longer than kLongestLine, or more than kFlood bytes within a
  // second, sets fault().
  std::vector<std::string> lines();
  const std::string& fault() const { return fault_; }
  void listen_to_errors();
  std::string last_lines() const;  // of standard error

  void kill();
  bool reap();                                           // true once: it has ended; see ending()
  const std::string& ending() const { return ending_; }  // "ended with exit code 3", "was killed by signal 9 (Killed)"

  static constexpr std::size_t kLongestLine = 1 << 20, kFlood = 16 << 20, kLogLines = 50, kLogLineBytes = 2000;

 private:
  pid_t pid_ = -1;
  std::optional<GangFolder> gang_;
  Descriptor input_, output_, errors_;
  std::string to_send_, heard_, error_text_, fault_, ending_;
  std::deque<std::string> log_;
  bool closing_ = false;
  double second_ = 0;          // start of the second in which ...
  std::size_t in_second_ = 0;  // ... so many bytes came
};

}  // namespace winnow::fleet
