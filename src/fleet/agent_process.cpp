#include "agent_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "agent_loop.h"
#include "backoff.h"
#include "clock.h"
#include "message.h"
#include "mpi_world.h"
#include "start_watch.h"

namespace winnow::fleet {

namespace {

// Signals are the coordinator's: it handles them and informs its agents. A terminal sends Ctrl-C to every process.
void ignore_signals() {
  for (int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE}) ::signal(signal, SIG_IGN);
}

[[noreturn]] void live_as_agent(const Options& options, Descriptor connection) {
  ignore_signals();
  int code = 0;
  try {
    AgentLoop(options, std::move(connection)).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "winnow: agent: %s\n", error.what());
    code = 1;
  }
  ::_exit(code);
}

}  // namespace

AgentProcess start_agent(const Options& options) {
  DescriptorPair pair = make_socket_pair();
  std::fflush(nullptr);  // or both would print what is buffered
  pid_t pid = check_call(::fork(), "start the agent");
  if (pid == 0) {
    pair.first.close();
    live_as_agent(options, std::move(pair.second));
  }
  make_nonblocking(pair.first.get());
  return {pid, std::move(pair.first)};
}

// A rank is not informed that rank 0 has died: Open MPI usually ends everything, but not always. So silence ends it,
// too.
void relay(AgentProcess agent, const World& world, sched::Time longest_silence) {
  ignore_signals();
  std::optional<MpiWorld> mpi;
  {
    StartWatch watch(world.size, StartWatch::Of::agent);
    mpi.emplace(world);
  }
  Backoff backoff;
  sched::Time heard = now();
  std::string to_agent, from_agent;
  bool connected = true;
  while (!mpi->dismissed() || mpi->sending()) {
    bool busy = mpi->receive([&](int, std::string_view bytes) { to_agent.append(bytes); });
    if (busy) heard = now();
    else if (now() - heard > longest_silence) ::_exit(1);  // the agent sees its connection close, and ends
    if (connected) {
      bool writable = to_agent.empty() || write_available(agent.connection.get(), to_agent);
      connected = read_available(agent.connection.get(), from_agent, 1 << 20) && writable;
      if (!connected) {
        Message{.kind = Message::Kind::left}.append_to(from_agent);
        ::waitpid(agent.pid, nullptr, 0);
      }
    }
    if (!from_agent.empty()) mpi->send(0, std::exchange(from_agent, {})), busy = true;
    if (busy) backoff.busy();
    std::vector<pollfd> fds;
    if (connected) fds.push_back({agent.connection.get(), POLLIN, 0});
    backoff.wait(fds);
  }
  mpi->finalize();
}

}  // namespace winnow::fleet
