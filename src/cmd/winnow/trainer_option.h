// --trainer: which program executes stages.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace winnow::cmd {

struct TrainerOption {
  std::string command;  // empty: winnow-train beside this program

  void add_to(CLI::App& app);
  bool own() const { return command.empty(); }
  // Program and arguments. UsageError where the command is blank.
  std::vector<std::string> words() const;
  // UsageError where a program that is named by its path cannot be started; others are looked up when they are.
  void require() const;
};

}  // namespace winnow::cmd
