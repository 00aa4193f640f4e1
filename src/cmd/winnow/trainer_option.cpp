#include "trainer_option.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "winnow/core/error.h"
#include "winnow/core/file.h"

namespace winnow::cmd {

void TrainerOption::add_to(CLI::App& app) {
  app.add_option(
      "--trainer", command,
      "program that executes stages (default: winnow-train serve); src/fleet/README.md describes what it must do");
}

std::vector<std::string> TrainerOption::words() const {
  if (own()) return {(executable_folder() / "winnow-train").string(), "serve"};
  if (::access(command.c_str(), X_OK) == 0) return {command};  // a path, perhaps with blanks
  std::istringstream stream(command);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  if (words.empty()) throw UsageError("--trainer is empty: name a program");
  return words;
}

void TrainerOption::require() const {
  std::string program = words().front();
  if (program.find('/') != std::string::npos && ::access(program.c_str(), X_OK) != 0)
    throw UsageError(fmt::format(
        "no trainer at {}: run launch/setup and build with WINNOW_TRAIN=ON, or name another program with --trainer",
        program));
}

}  // namespace winnow::cmd
