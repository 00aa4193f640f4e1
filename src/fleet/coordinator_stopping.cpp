// What stops a run from outside: its deadline; signals: the first of SIGINT, SIGTERM, SIGUSR1, SIGUSR2 drains it, the
// second one ends the wait.
#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "clock.h"
#include "coordinator.h"
#include "winnow/core/host.h"

namespace winnow::fleet {

using sched::AgentId;
using sched::Scheduler;

Descriptor Coordinator::watch_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) ::sigaddset(&set, signal);
  check_call(::sigprocmask(SIG_BLOCK, &set, nullptr), "block signals");
  ::signal(SIGPIPE, SIG_IGN);
  return Descriptor(check_call(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "watch for signals"));
}

// The first signal lets what runs finish for a moment, the second one does not.
void Coordinator::on_signals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (++drains_ > 2) continue;
    journal_.add({{"event", "drain"}, {"signal", info.ssi_signo}});
    if (drains_ == 1) {
      observer_.say(fmt::format("{}: nothing new starts; running stages have {:.0f} s to finish",
                                ::strsignal(static_cast<int>(info.ssi_signo)), seconds(options_.timers.grace)));
      event(Scheduler::Drain{});
    } else {
      for (AgentId agent : links_.agents()) links_.send(agent, {.kind = Message::Kind::drain, .number = 0});
    }
  }
}

// Early enough for what runs to end or to save its place.
void Coordinator::mind_deadline() {
  if (!options_.deadline || scheduler_.stopping() || scheduler_.finished()) return;
  if (wall_seconds() + seconds(options_.timers.grace + options_.timers.stop) < *options_.deadline) return;
  late_ = true;
  drains_ = std::max(drains_, 1);
  journal_.add({{"event", "deadline"}});
  observer_.say(fmt::format("the deadline is near: nothing new starts; running stages have {:.0f} s to finish",
                            seconds(options_.timers.grace)));
  event(Scheduler::Drain{});
}

}  // namespace winnow::fleet
