// winnow-train: dispatches to one file per subcommand.
#include "commands.h"
#include "cuda.h"
#include "dispatch.h"
#include "outcome.h"
#include "winnow/core/allocation.h"

namespace {

using winnow::cmd::Entry;

constexpr Entry kCommands[] = {
    {"serve", winnow::cmd::serve,
     "execute one stage after another for an agent (JSON lines on standard input and output)"},
    {"stage", winnow::cmd::stage, "execute one stage by hand"},
    {"golden", winnow::cmd::golden, "reproduce cases with known answers"},
    {"snapshot", winnow::cmd::snapshot, "write the weights of a run file as a Hugging Face snapshot folder"},
    {"weights", winnow::cmd::weights, "build the towers of a snapshot folder and say what they are"},
};

constexpr std::string_view kIntroduction =
    "winnow-train computes stages: what `winnow run` starts on every device, and a way to do its work by hand.";

constexpr std::string_view kExample = R"(Example: one stage of a sweep by hand, then what it computed
  winnow plan sweeps/quickstart.toml --json |
    python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["stages"][0]))' > stage.json
  winnow-train stage stage.json --output run.h5
  winnow show run.h5)";

}  // namespace

int main(int argc, char** argv) {
  winnow::keep_freed_memory();
  if (int code = winnow::cmd::guarded([&] { return winnow::cmd::load_cuda_if_asked(argc, argv), winnow::cmd::kDone; });
      code != winnow::cmd::kDone)
    return code;
  return winnow::cmd::dispatch("winnow-train", kCommands, kIntroduction, kExample, argc, argv);
}
