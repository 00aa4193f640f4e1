#include "arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
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

}  // namespace

Command::Command(const std::string& name, const std::string& what, const std::string& examples)
    : CLI::App(what, fmt::format("{} {}", program_invocation_short_name, name)) {
  footer("\nExamples:\n" + examples);
  set_help_flag("-h,--help", "show this text");
}

bool parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return false;
  } catch (const CLI::ExtrasError& error) {
    throw UsageError(fmt::format("{}: not understood: {}{}; see {} --help", app.get_name(),
                                 fmt::join(app.remaining(), " "), nearest_option(app, app.remaining()),
                                 app.get_name()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{}: {}; see {} --help", app.get_name(), error.what(), app.get_name()));
  }
}

}  // namespace winnow::cmd
