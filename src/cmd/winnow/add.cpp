// winnow add: a further sweep for a run that goes on.
#include <filesystem>

#include "arguments.h"
#include "ask_run.h"
#include "commands.h"
#include "outcome.h"
#include "sweep_options.h"
#include "winnow/core/absolute_name.h"
#include "winnow/core/error.h"

namespace winnow::cmd {

int add(int argc, char** argv) {
  Command app(
      "add",
      "Has the run that works on a store compute a further sweep, too: in the same allocation, without a break.\n"
      "Stages that it shares with what the run has are computed once. Its own start when those before it leave\n"
      "room, or with --first before all others.\n"
      "A sweep of the run that was edited is replaced: what is new in it is computed, what it no longer plans is\n"
      "left out; what is done stays.\n"
      "The run's coordinator plans it, on its host: file and presets must be visible there.",
      "  winnow add sweeps/appendix.toml\n"
      "  winnow add urgent.toml --first --store /big/results\n");
  SweepOptions sweep;
  std::string store = "results";
  fleet::Request request{fleet::Request::Kind::add, "", {}};
  bool json = false;
  sweep.add_to(app);
  app.add_option("--store", store, "the results folder of the run")->capture_default_str();
  app.add_flag("--first", request.further.first, "its stages start before all others");
  app.add_flag("--json", json, "the answer as JSON");
  if (!parse(app, argc, argv)) return kDone;
  std::error_code absent;
  if (!std::filesystem::is_regular_file(sweep.file, absent))
    throw UsageError(sweep.file + ": there is no such sweep file");
  request.further.file = absolute_name(sweep.file);
  request.further.sets = sweep.sets;
  for (const Path& folder : sweep.presets.named()) request.further.presets.push_back(absolute_name(folder));
  ask_run(store, request, json);
  return kDone;
}

}  // namespace winnow::cmd
