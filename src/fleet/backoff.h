// How a loop waits that must look at MPI, which has nothing to wait on: polls with growing pauses.
#pragma once

#include <poll.h>

#include <chrono>
#include <vector>

namespace winnow::fleet {

// An idle blocking receive of Open MPI keeps a core at 100 %. Pauses grow from 20 us to 2 ms while nothing happens: 500
// wakes a second cost 0.3 % of a core, and a stage that takes minutes does not notice 2 ms.
class Backoff {
 public:
  void busy() { pause_ = kShortest; }
  // Sleeps until one of the descriptors is ready or the pause is over.
  void wait(std::vector<pollfd>& fds) {
    timespec time{0, pause_.count()};
    ::ppoll(fds.data(), fds.size(), &time, nullptr);
    pause_ = std::min(kLongest, pause_ * 2);
  }

 private:
  static constexpr std::chrono::nanoseconds kShortest{20'000}, kLongest{2'000'000};
  std::chrono::nanoseconds pause_ = kShortest;
};

}  // namespace winnow::fleet
