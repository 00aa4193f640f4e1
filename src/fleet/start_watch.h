// A limit for the start of MPI.
#pragma once

namespace winnow::fleet {

// While it lives, this process ends with one line and exit code 1 when its time is over: MPI waits for every rank
// without end, for one that died before it came, too. Without an exit record all of it is started again. Of one thread;
// one at a time. Uses SIGALRM.
class StartWatch {
 public:
  // coordinator: WINNOW_START_SECONDS (900). agent: four times as long, for the coordinator plans before it comes.
  enum class Of { coordinator, agent };
  StartWatch(int ranks, Of);
  ~StartWatch();
  StartWatch(const StartWatch&) = delete;
  StartWatch& operator=(const StartWatch&) = delete;
};

}  // namespace winnow::fleet
