// winnow-train: dispatches to one file per subcommand.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "commands.h"
#include "outcome.h"
#include "winnow/core/error.h"

namespace {

struct Entry {
  std::string_view name;
  int (*run)(int, char**);
  std::string_view what;
};

constexpr Entry kCommands[] = {
    {"serve", winnow::cmd::serve, "execute one stage after another for an agent (JSON lines on standard input and output)"},
    {"stage", winnow::cmd::stage, "execute one stage by hand"},
    {"golden", winnow::cmd::golden, "reproduce cases with known answers"},
    {"snapshot", winnow::cmd::snapshot, "write the weights of a run file as a Hugging Face snapshot folder"},
};

void print_help() {
  std::fputs("winnow-train computes stages: what `winnow run` starts on every device, and a way to do its work by hand.\n\n"
             "Usage: winnow-train COMMAND ...\n\n",
             stdout);
  for (const Entry& entry : kCommands) std::printf("  %-9s %s\n", entry.name.data(), entry.what.data());
  std::fputs("\nExample: one stage of a sweep by hand, then what it computed\n"
             "  winnow plan sweeps/quickstart.toml --json | python3 -c 'import json,sys; print(json.dumps(json.load(sys.stdin)[\"stages\"][0]))' > stage.json\n"
             "  winnow-train stage stage.json --output run.h5\n"
             "  winnow show run.h5\n\n"
             "`winnow-train COMMAND --help` explains a command.\n",
             stdout);
}

int dispatch(int argc, char** argv) {
  std::string_view word = argc > 1 ? argv[1] : "--help";
  if (word == "--help" || word == "-h" || word == "help") return print_help(), 0;
  if (word == "--version") return std::puts("winnow-train " WINNOW_VERSION), 0;
  std::vector<std::string> known;
  for (const Entry& entry : kCommands) {
    if (entry.name == word) return entry.run(argc - 1, argv + 1);
    known.emplace_back(entry.name);
  }
  throw winnow::UsageError("unknown command '" + std::string(word) + "'" + winnow::did_you_mean(word, known) + "; see winnow-train --help");
}

}  // namespace

int main(int argc, char** argv) {
  return winnow::cmd::guarded([&] { return dispatch(argc, argv); });
}
