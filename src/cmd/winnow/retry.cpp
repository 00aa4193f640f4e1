// winnow retry: a run that goes on tries again what failed for good.
#include "arguments.h"
#include "ask_run.h"
#include "commands.h"
#include "outcome.h"

namespace winnow::cmd {

int retry(int argc, char** argv) {
  Command app(
      "retry",
      "Has the run that works on a store try its failed stages again, and what waits for them, as if they had\n"
      "not failed: after a disk was full, a node sick, weights missing. After its end `winnow run` does so by\n"
      "itself.",
      "  winnow retry\n"
      "  winnow retry /big/results --stage 3f56 --stage a41c      by how their identities begin (winnow status)\n");
  std::string store = "results";
  fleet::Request request{fleet::Request::Kind::retry, "", {}};
  bool json = false;
  app.add_option("STORE,--store", store, "the results folder of the run")->capture_default_str();
  app.add_option("--stage", request.stages, "this one alone: its identity, or how that begins; repeat it for more")
      ->allow_extra_args(false);
  app.add_flag("--json", json, "the answer as JSON");
  if (!parse(app, argc, argv)) return kDone;
  ask_run(store, request, json);
  return kDone;
}

}  // namespace winnow::cmd
