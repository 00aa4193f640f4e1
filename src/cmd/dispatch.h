// What both programs' `main` do: find the subcommand, or teach.
#pragma once

#include <span>
#include <string_view>

namespace winnow::cmd {

struct Entry {
  std::string_view name;
  int (*run)(int argc, char** argv);  // argv[0] is the command's name
  std::string_view what;
  // It only shows what is there: when its reader has seen enough (`winnow data list | head -1`), it ends as if it had
  // written everything. Commands that do work die of SIGPIPE as programs do, or continue (`run`).
  bool shows = false;
};

// Runs the command that argv[1] names and returns its exit code. Without one, or with --help, prints `introduction`, a
// line a command, and `example`. Exceptions become one line and an exit code here (outcome.h).
int dispatch(std::string_view program, std::span<const Entry> commands, std::string_view introduction,
             std::string_view example, int argc, char** argv);

}  // namespace winnow::cmd
