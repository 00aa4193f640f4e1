#include "arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "winnow/core/error.h"

namespace winnow::cmd {

namespace {

std::string nearest_option(const CLI::App& app, const std::vector<std::string>& left_over) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  for (const std::string& word : left_over)
    if (word.rfind("-", 0) == 0) return did_you_mean(word.substr(0, word.find('=')), known);
  return "";
}

// An empty value is that of a script whose variable is not set; and no number of ours is infinite, or none.
void refuse_empty_and_endless(const CLI::App& app, const std::string& name) {
  for (const CLI::Option* option : app.get_options()) {
    const bool real = option->get_type_name().starts_with("FLOAT");
    for (const std::string& value : option->results()) {
      if (value.empty())
        throw UsageError(fmt::format("{}: {}: its value is empty; see {} --help", name, option->get_name(), name));
      if (real && !std::isfinite(std::strtod(value.c_str(), nullptr)))
        throw UsageError(
            fmt::format("{}: {}: {} is no finite number; see {} --help", name, option->get_name(), value, name));
    }
  }
  for (const CLI::App* part : app.get_subcommands()) refuse_empty_and_endless(*part, name);
}

}  // namespace

CLI::Validator above_zero() {
  return CLI::Validator(
      [](const std::string& text) {
        return std::strtod(text.c_str(), nullptr) <= 0 ? fmt::format("{} is not above 0", text) : std::string();
      },
      "ABOVE 0");
}

CLI::Validator from_zero() {
  return CLI::Validator(
      [](const std::string& text) {
        return std::strtod(text.c_str(), nullptr) < 0 ? fmt::format("{} is below 0", text) : std::string();
      },
      "FROM 0");
}

Command::Command(const std::string& name, const std::string& what, const std::string& examples)
    : CLI::App(what, fmt::format("{} {}", program_invocation_short_name, name)) {
  footer("\nExamples:\n" + examples);
  set_help_flag("-h,--help", "show this text");
}

bool parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return false;
  } catch (const CLI::ExtrasError& error) {
    throw UsageError(fmt::format("{}: not understood: {}{}; see {} --help", app.get_name(),
                                 fmt::join(app.remaining(true), " "), nearest_option(app, app.remaining(true)),
                                 app.get_name()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{}: {}; see {} --help", app.get_name(), error.what(), app.get_name()));
  }
  refuse_empty_and_endless(app, app.get_name());
  return true;
}

}  // namespace winnow::cmd
