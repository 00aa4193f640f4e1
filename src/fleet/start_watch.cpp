#include "start_watch.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace winnow::fleet {

namespace {

constexpr int kBroken = 1;  // exit code
constexpr int kSeconds = 900;

std::string complaint;  // made before it is needed: a signal's handler allocates nothing

void give_up(int) {
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, complaint.data(), complaint.size());
  ::_exit(kBroken);
}

// launch/mpirun and launch/srun refuse what is no number.
int seconds_from_environment() {
  const char* text = std::getenv("WINNOW_START_SECONDS");
  int seconds = text ? std::atoi(text) : 0;
  return seconds > 0 ? seconds : kSeconds;
}

}  // namespace

StartWatch::StartWatch(int ranks, Of of) {
  int times = of == Of::agent ? 4 : 1, seconds = times * seconds_from_environment();
  complaint = fmt::format(
      "winnow: MPI has not started on all {} ranks within {} s ({}WINNOW_START_SECONDS): one of them has died or does "
      "not answer; no finished stage is lost\n",
      ranks, seconds, times > 1 ? fmt::format("{} x ", times) : "");
  ::signal(SIGALRM, give_up);
  ::alarm(static_cast<unsigned>(seconds));
}

StartWatch::~StartWatch() {
  ::alarm(0);
  ::signal(SIGALRM, SIG_DFL);
}

}  // namespace winnow::fleet
