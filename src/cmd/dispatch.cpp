#include "dispatch.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "outcome.h"
#include "winnow/core/error.h"

namespace winnow::cmd {

int dispatch(std::string_view program, std::span<const Entry> commands, std::string_view introduction, std::string_view example,
             int argc, char** argv) {
  return guarded([&]() -> int {
    std::string_view word = argc > 1 ? argv[1] : "--help";
    if (word == "--help" || word == "-h" || word == "help") {
      fmt::print("{}\n\nUsage: {} COMMAND ...\n\n", introduction, program);
      for (const Entry& entry : commands) fmt::print("  {:9} {}\n", entry.name, entry.what);
      fmt::print("\n{}\n\n`{} COMMAND --help` explains a command.\n", example, program);
      return kDone;
    }
    if (word == "--version") {
      fmt::print("{} {}\n", program, WINNOW_VERSION);
      return kDone;
    }
    std::vector<std::string> known;
    for (const Entry& entry : commands) {
      if (entry.name == word) return entry.run(argc - 1, argv + 1);
      known.emplace_back(entry.name);
    }
    throw UsageError(fmt::format("unknown command '{}'{}; see {} --help", word, did_you_mean(word, known), program));
  });
}

}  // namespace winnow::cmd
