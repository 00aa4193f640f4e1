// Notices that a peer of a gang was lost after its collective had accepted a call: the device then waits for ever, and
// so does every host that waits for the device.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace winnow::comm {

// Looks at the open calls every `period`, on a thread of its own, until it is destroyed or has called `lost`, which
// happens at most once: when calls are open and for `deadline` none has come to its end, or at once when `fault` has
// something to say. Calls end in the order in which they were accepted. None of the functions may throw.
class LossWatch {
 public:
  using Time = std::chrono::steady_clock::duration;
  struct Functions {
    std::function<std::string()> fault;            // what the transport knows; empty: nothing is wrong
    std::function<void(const std::string&)> lost;  // what happened
  };
  LossWatch(Time deadline, Time period, Functions);
  ~LossWatch();
  LossWatch(const LossWatch&) = delete;

  // `done` is asked from the watch's thread until it says true, then never again.
  void accepted(const char* what, std::function<bool()> done);

 private:
  struct Call {
    const char* what;
    std::function<bool()> done;
  };
  void watch();
  std::string fault_now();  // takes away what is done

  const Time deadline_, period_;
  const Functions functions_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call> open_;
  std::chrono::steady_clock::time_point moved_;  // when a call ended, or the first one was accepted
  bool ending_ = false;
  std::thread thread_;  // last: it uses all of the others
};

}  // namespace winnow::comm
