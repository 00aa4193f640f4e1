#include "trial_places.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "winnow/core/error.h"
#include "winnow/data/weights.h"
#include "winnow/stage/data_sets.h"

namespace winnow::cmd {

TrialFolder::TrialFolder(const Path& below) {
  make_folders(below);
  std::string pattern = std::filesystem::absolute(below / "winnow-try-XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    throw DeviceError(fmt::format("cannot make a folder below {}: {}", below.string(), std::strerror(errno)));
  path_ = pattern;
}

TrialFolder::~TrialFolder() {
  std::error_code stays;
  std::filesystem::remove_all(path_, stays);
}

Path TrialPlaces::output(const Identity& identity) const { return folder_.path() / (identity.hex() + ".trial"); }

std::map<std::string, Path> TrialPlaces::data(const Stage& stage) {
  std::map<std::string, Path> result;
  for (const auto& [name, print] : data_sets_of(stage)) result[name] = cache(name, print);
  return result;
}

const Path& TrialPlaces::cache(const std::string& name, const std::string& print) {
  auto [known, fresh] = caches_.try_emplace(name);
  if (!fresh && !known->second.empty()) return known->second;
  const sweep::Dataset& preset = catalogue_.datasets.at(name);
  data::Manifest manifest = preset.manifest();
  std::optional<data::Record> record = data::read_record(name);
  if (!record) throw DataError(fmt::format("data set {} was never checked here: run winnow data check {}", name, name));
  if (record->fingerprint != print)
    throw DataError(
        fmt::format("data set {} has fingerprint {}, the sweep was planned with {}", name, record->fingerprint, print));
  known->second = data::ensure_cache(manifest, *record, progress_);
  return known->second;
}

std::map<std::string, Path> TrialPlaces::inputs(const Stage& stage) const {
  std::map<std::string, Path> result;
  if (auto print = stage.fingerprints.find("weights"); print != stage.fingerprints.end()) {
    std::string name = stage.settings.text("model");
    std::optional<data::WeightsRecord> record = data::read_weights_record(name);
    if (!record)
      throw DataError(fmt::format("weights of {} were never checked here: run winnow model check {}", name, name));
    data::require_unchanged(*record);
    result["backbone"] = record->root;
  }
  for (const auto& [name, input] : stage.inputs) {
    Path tried = output(input.stage);
    std::optional<Path> done = store_.find(input.stage, /*verify=*/false);  // the trainer verifies what it reads
    if (!done && !std::filesystem::exists(tried))
      throw InternalError(fmt::format("input '{}' (stage {}) was neither done nor tried", name, input.stage.hex()));
    result[name] = done ? std::filesystem::absolute(*done) : tried;
  }
  return result;
}

}  // namespace winnow::cmd
