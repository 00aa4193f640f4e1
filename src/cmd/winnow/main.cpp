// winnow: dispatches to one file per subcommand.
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

// In the order in which one works with them.
constexpr Entry kCommands[] = {
    {"plan", winnow::cmd::plan, "what a sweep comes to: experiments, stages, what is done"},
    {"run", winnow::cmd::run, "executes what is not done yet, alone or under mpirun"},
    {"report", winnow::cmd::report, "the benchmark table, from the run files that are there"},
    {"fsck", winnow::cmd::fsck, "verifies every run file, sets damaged ones aside"},
    {"show", winnow::cmd::show, "a run file, or the state of every experiment"},
    {"data", winnow::cmd::data, "data sets on this machine: list, check"},
    {"doctor", winnow::cmd::doctor, "is everything here that a sweep needs?"},
};

constexpr std::string_view kIntroduction = R"(winnow runs benchmarks of learning from imperfect labels.

One TOML file (a sweep) asks a question and names the experiments that answer it; winnow runs them on the GPUs or CPUs of
one machine or a cluster and prints the table.

Usage: winnow COMMAND ...

)";

constexpr std::string_view kExample = R"(
Example, on a machine without a GPU:
  winnow data check fashion-mnist        once per machine
  winnow plan sweeps/quickstart.toml     what would run, what is already done
  mpirun -n 2 winnow run sweeps/quickstart.toml
  winnow report sweeps/quickstart.toml

`winnow COMMAND --help` explains a command. sweeps/ holds sweep files to start from.
)";

void print_help() {
  std::fputs(kIntroduction.data(), stdout);
  for (const Entry& entry : kCommands)
    std::printf("  %-8s %s\n", entry.name.data(), entry.what.data());
  std::fputs(kExample.data(), stdout);
}

int dispatch(int argc, char** argv) {
  std::string_view word = argc > 1 ? argv[1] : "--help";
  if (word == "--help" || word == "-h" || word == "help") return print_help(), 0;
  if (word == "--version") return std::puts("winnow " WINNOW_VERSION), 0;
  std::vector<std::string> known;
  for (const Entry& entry : kCommands) {
    if (entry.name == word) return entry.run(argc - 1, argv + 1);
    known.emplace_back(entry.name);
  }
  throw winnow::UsageError("unknown command '" + std::string(word) + "'" + winnow::did_you_mean(word, known) +
                           "; see winnow --help");
}

}  // namespace

int main(int argc, char** argv) {
  return winnow::cmd::guarded([&] { return dispatch(argc, argv); });
}
