#include "dispatch.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

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

}  // namespace

int dispatch(std::string_view program, std::span<const Entry> commands, std::string_view introduction, std::string_view example,
             int argc, char** argv) {
  return guarded([&]() -> int {
    std::string_view word = argc > 1 ? argv[1] : "--help";
    if (word.starts_with("-") || word == "help") end_well_when_the_pipe_closes();
    if (word == "--help" || word == "-h" || word == "help") {
      fmt::print("{}\n\nUsage: {} COMMAND ...\n\n", introduction, program);
      for (const Entry& entry : commands) fmt::print("  {:9} {}\n", entry.name, entry.what);
      fmt::print("\n{}\n\n`{} COMMAND --help` explains a command.\n", example, program);
      return kDone;
    }
    if (word == "--version") {
      fmt::print("{} {}\n", program, revision());
      return kDone;
    }
    std::vector<std::string> known;
    for (const Entry& entry : commands) {
      if (entry.name == word) {
        if (entry.shows) end_well_when_the_pipe_closes();
        return entry.run(argc - 1, argv + 1);
      }
      known.emplace_back(entry.name);
    }
    throw UsageError(fmt::format("unknown command '{}'{}; see {} --help", word, did_you_mean(word, known), program));
  });
}

}  // namespace winnow::cmd
