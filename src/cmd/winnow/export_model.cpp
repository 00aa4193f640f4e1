#include "export_model.h"

#include <fmt/format.h>

#include "found_run.h"
#include "trainer_says.h"
#include "winnow/core/error.h"
#include "winnow/data/weights.h"
#include "winnow/store/run_file.h"

namespace winnow::cmd {

namespace {

// The snapshot or the pre-training that a run began with; empty where there is none.
Path backbone_of(const Stage& stage, const StoreOptions& stores) {
  if (auto input = stage.inputs.find("backbone"); input != stage.inputs.end()) {
    std::optional<Path> found = store::Store(stores.store, stores.read_only()).find(input->second.stage);
    if (!found)
      throw DataError(
          fmt::format("model export: the run was trained from {}, whose run file is not in {}; name its "
                      "store with --reference",
                      input->second.stage.hex(), stores.store));
    return *found;
  }
  auto print = stage.fingerprints.find("weights");
  if (print == stage.fingerprints.end()) return {};
  std::string name = stage.settings.text("model");
  std::optional<data::WeightsRecord> record = data::read_weights_record(name);
  if (!record || record->fingerprint != print->second)
    throw DataError(
        fmt::format("model export: the weights of {} that the run was trained from are not known here{}: winnow model "
                    "check {} --root FOLDER",
                    name, record ? fmt::format(" (those in {} are others)", record->root.string()) : "", name));
  data::require_unchanged(*record);
  return record->root;
}

}  // namespace

void export_model(const std::string& run, const std::string& folder, const StoreOptions& stores, bool weights_alone) {
  Path file = found_run(run, stores, "model export");
  std::vector<std::string> words{"snapshot", file.string(), folder};
  if (weights_alone) words.push_back("--weights-alone");
  else if (Path backbone = backbone_of(store::read_run_file(file, false).stage, stores); !backbone.empty())
    words.insert(words.end(), {"--backbone", backbone.string()});
  std::optional<std::string> said = trainer_says(words);
  if (!said) throw UsageError("model export: there is no winnow-train beside this program, and no tensors without it");
  fmt::print("{}", *said);
}

}  // namespace winnow::cmd
