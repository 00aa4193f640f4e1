// Command lines: CLI11 declares the options, these turn its outcome into ours.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace winnow::cmd {

// False when --help was asked for and has been printed. UsageError (one line, with where to read more) for a wrong
// command line, with the nearest option for an unknown one; for an empty value of any option, and for a number that is
// not finite.
bool parse(CLI::App& app, int argc, char** argv);

// Checks of numbers.
CLI::Validator above_zero();
CLI::Validator from_zero();

// An app whose --help shows `what`, the options, and `examples`.
struct Command : CLI::App {
  Command(const std::string& name, const std::string& what, const std::string& examples);
};

}  // namespace winnow::cmd
