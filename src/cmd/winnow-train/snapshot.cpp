// winnow-train snapshot RUN DIR: the model of a run file as a snapshot folder. `winnow model export` asks this.
#include <fmt/format.h>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"
#include "winnow/store/run_file.h"
#include "winnow/train/exported_model.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::cmd {

namespace {

// Of the data set as it is recorded here; empty where it is not, or is another one by now.
std::vector<std::string> classes_of(const Stage& stage) {
  auto record = data::read_record(stage.settings.text("dataset"));
  auto print = stage.fingerprints.find("data");
  if (!record || print == stage.fingerprints.end() || print->second != record->fingerprint) return {};
  return record->classes;
}

train::ExportedModel exported(const store::RunContent& content, const std::string& run, const std::string& backbone,
                              bool weights_alone) {
  if (weights_alone || content.stage.fingerprints.count("program")) return train::exported_weights(content, run);
  if (content.stage.kind == StageKind::pretrain) {
    train::ExportedModel result;
    result.snapshot = train::snapshot_of(content, run);
    result.facts = {
        {"format", 1}, {"run", content.stage.identity().hex()}, {"library", "transformers"}, {"loader", "CLIPModel"}};
    result.summary = "CLIPModel of transformers, as it was pre-trained";
    return result;
  }
  return train::exported_model(content, run, train::backbone_of_run(content.stage, backbone),
                               classes_of(content.stage));
}

}  // namespace

int snapshot(int argc, char** argv) {
  std::string run, folder, backbone;
  bool weights_alone = false;
  Command app("snapshot",
              "Writes the model of a run file as a folder that transformers or timm loads: config.json, "
              "model.safetensors, tokenizer and preprocessor where there are some; winnow.json says how its logits "
              "are computed.",
              "  winnow-train snapshot results/reference/runs/ab/abcd....h5 nano-clip\n"
              "  winnow model export RUN FOLDER                                       finds the model that it was "
              "trained from\n");
  app.add_option("RUN", run, "a run file that keeps weights")->required();
  app.add_option("DIR", folder, "the folder to write; it must not exist yet, or be empty")->required();
  app.add_option("--backbone", backbone,
                 "what the run was trained from: a snapshot folder, or a pre-training's run file");
  app.add_flag("--weights-alone", weights_alone, "the trained tensors as they are, weights.safetensors, and no model");
  if (!parse(app, argc, argv)) return kDone;
  train::ExportedModel made = exported(store::read_run_file(run), run, backbone, weights_alone);
  train::write_exported(folder, made);
  fmt::print("{}: {}\n", folder, made.summary);
  return kDone;
}

}  // namespace winnow::cmd
