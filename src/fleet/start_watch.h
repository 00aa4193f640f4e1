// A limit for the start of MPI.
#pragma once

namespace winnow::fleet {

// While it lives, this process ends with one line and exit code 1 when WINNOW_START_SECONDS (900) are over: MPI waits
// for every rank without end, for one that died before it came, too. Without an exit record it is started again. Of one
// thread; one at a time. Uses SIGALRM.
class StartWatch {
 public:
  explicit StartWatch(int ranks);
  ~StartWatch();
  StartWatch(const StartWatch&) = delete;
  StartWatch& operator=(const StartWatch&) = delete;
};

}  // namespace winnow::fleet
