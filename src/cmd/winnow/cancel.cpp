// winnow cancel: a run that goes on, or one of its sweeps, is wanted no more.
#include "arguments.h"
#include "ask_run.h"
#include "commands.h"
#include "outcome.h"

namespace winnow::cmd {

int cancel(int argc, char** argv) {
  Command app(
      "cancel",
      "Ends the run that works on a store, from any host that sees it: nothing new starts, what runs saves its\n"
      "place, and `winnow run` goes on from there. A batch job does not queue itself again (exit code 5).\n"
      "With --sweep one sweep of several alone: what no other one needs is not computed.",
      "  winnow cancel\n"
      "  winnow cancel /big/results --sweep appendix\n");
  std::string store = "results";
  fleet::Request request{fleet::Request::Kind::cancel, "", {}};
  bool json = false;
  app.add_option("STORE,--store", store, "the results folder of the run")->capture_default_str();
  app.add_option("--sweep", request.sweep, "this sweep of the run alone, by its name");
  app.add_flag("--json", json, "the answer as JSON");
  if (!parse(app, argc, argv)) return kDone;
  ask_run(store, request, json);
  return kDone;
}

}  // namespace winnow::cmd
