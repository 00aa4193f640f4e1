#include "dispatch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "outcome.h"
#include "winnow/core/error.h"
#include "winnow/core/revision.h"

namespace winnow::cmd {

namespace {

void end_well_when_the_pipe_closes() {
  struct sigaction action {};
  action.sa_handler = [](int) { ::_exit(kDone); };
  ::sigaction(SIGPIPE, &action, nullptr);
}

// Where one of the three is closed, a file that the program opens would take its number, and be printed into.
void keep_standard_files() {
  for (int fd : {0, 1, 2})
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
      int opened = ::open(
          "/dev/null",
          fd == 1 ? O_RDONLY : O_RDWR);  // the lowest that is free: this one. Writing to 1 fails, as it would have
      if (opened != fd && opened >= 0) ::close(opened);
    }
}

// What could not be written (a full disk) must not look like success. A run's progress need not be read while it
// works: it may have closed its output.
void require_written(bool shows) {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return;
  int why = errno;
  pollfd output{1, POLLOUT, 0};
  bool reader_left = why == EPIPE || (::poll(&output, 1, 0) == 1 && (output.revents & POLLERR));
  if (reader_left || (why == EBADF && !shows)) return;
  errno = why;
  throw DeviceError(
      fmt::format("cannot write to standard output{}", errno ? fmt::format(": {}", std::strerror(errno)) : ""));
}

}  // namespace

int dispatch(std::string_view program, std::span<const Entry> commands, std::string_view introduction,
             std::string_view example, int argc, char** argv) {
  keep_standard_files();
  return guarded([&]() -> int {
    std::string_view word = argc > 1 ? argv[1] : "--help";
    if (word.starts_with("-") || word == "help") end_well_when_the_pipe_closes();
    if (word == "--help" || word == "-h" || word == "help") {
      fmt::print("{}\n\nUsage: {} COMMAND ...\n\n", introduction, program);
      for (const Entry& entry : commands) fmt::print("  {:9} {}\n", entry.name, entry.what);
      fmt::print("\n{}\n\n`{} COMMAND --help` explains a command.\n", example, program);
      require_written(true);
      return kDone;
    }
    if (word == "--version") {
      fmt::print("{} {}\n", program, revision());
      require_written(true);
      return kDone;
    }
    std::vector<std::string> known;
    for (const Entry& entry : commands) {
      if (entry.name == word) {
        if (entry.shows) end_well_when_the_pipe_closes();
        int code = entry.run(argc - 1, argv + 1);
        require_written(entry.shows);
        return code;
      }
      known.emplace_back(entry.name);
    }
    throw UsageError(fmt::format("unknown command '{}'{}; see {} --help", word, did_you_mean(word, known), program));
  });
}

}  // namespace winnow::cmd
