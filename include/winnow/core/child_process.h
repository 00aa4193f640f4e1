// A process that this one starts and speaks to over pipes: lines in, lines out, and a log. What it says is interpreted
// elsewhere.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/core/descriptor.h"
#include "winnow/core/file.h"

namespace winnow {

// Dies with the thread that started it (parent-death signal), so start it from one that lives long enough. Not to be
// shared between threads. Destruction kills it, and all of its process group where it has one.
class ChildProcess {
 public:
  struct Command {
    std::string what;                      // for messages: "trainer"
    std::vector<std::string> words;        // program, looked up in PATH, and arguments
    std::vector<std::string> environment;  // all of it, NAME=VALUE
    Path folder = {};                      // where it starts; empty: where we are
    // Its own process group, which is killed with it. Without one it is killed alone, and by whoever kills our group.
    bool own_group = true;
    // Where it writes its lines. Other than 1, what it prints on standard output joins its log.
    int lines_on = 1;
    bool echo_log = false;                 // its log goes to our standard error, too
    bool expendable = false;               // where memory runs out, the kernel kills it rather than us
    std::function<void()> also_kill = {};  // ends what of it is in other groups; lives as long as this object
  };

  // Ours, NAME=VALUE each, without the variables that `left_out` holds for: of an entry it is asked.
  static std::vector<std::string> environment_without(const std::function<bool(std::string_view)>& left_out);

  explicit ChildProcess(Command);  // DeviceError
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;

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
  bool ended_well() const { return well_; }              // exit code 0
  bool was_killed() const { return killed_; }            // SIGKILL; or exit code 137, by which shells and mpirun say so

  static constexpr std::size_t kLongestLine = 1 << 20, kFlood = 16 << 20, kLogLines = 50, kLogLineBytes = 2000;

 private:
  const std::function<void()> also_kill_;
  const bool own_group_, echo_log_;
  pid_t pid_ = -1;
  Descriptor input_, output_, errors_;
  std::string to_send_, heard_, error_text_, fault_, ending_;
  std::deque<std::string> log_;
  bool closing_ = false, well_ = false, killed_ = false;
  double second_ = 0;          // start of the second in which ...
  std::size_t in_second_ = 0;  // ... so many bytes came
};

}  // namespace winnow
