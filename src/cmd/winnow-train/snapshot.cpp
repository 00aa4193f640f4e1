// winnow-train snapshot RUN DIR: the weights of a pretrain stage as a Hugging Face snapshot folder.
#include <fmt/format.h>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "winnow/core/error.h"
#include "winnow/store/run_file.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::cmd {

int snapshot(int argc, char** argv) {
  std::string run, folder;
  Command app("snapshot", "Writes config.json, model.safetensors and the tokenizer of a run file's model.",
              "  winnow-train snapshot results/reference/runs/ab/abcd....h5 nano-clip\n");
  app.add_option("RUN", run, "a run file of kind pretrain")->required();
  app.add_option("DIR", folder, "the folder to write; it must not exist yet")->required();
  if (!parse(app, argc, argv)) return 0;
  if (std::filesystem::exists(folder)) throw UsageError(fmt::format("{} exists already", folder));
  model::write_snapshot(folder, train::snapshot_of(store::read_run_file(run), run));
  fmt::print("{}\n", folder);
  return kDone;
}

}  // namespace winnow::cmd
