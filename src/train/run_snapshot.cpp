#include "winnow/train/run_snapshot.h"

#include <fmt/format.h>

#include "arrays.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"

namespace winnow::train {

void put_snapshot(const model::Snapshot& snapshot, store::RunContent& content) {
  for (const auto& [name, tensor] : snapshot.tensors) content.arrays["weights/" + name] = array_of(tensor);
  content.texts["snapshot/config.json"] = snapshot.config.dump(2);
  for (const auto& [name, file] : snapshot.files) content.texts["snapshot/" + name] = file;
}

model::Snapshot snapshot_of(const store::RunContent& content, const std::string& source) {
  model::Snapshot snapshot;
  snapshot.source = source;
  for (const auto& [name, array] : content.arrays)
    if (name.starts_with("weights/")) snapshot.tensors[name.substr(8)] = tensor_of(array);
  for (const auto& [name, text] : content.texts)
    if (name.starts_with("snapshot/")) snapshot.files[name.substr(9)] = text;
  auto config = snapshot.files.find("config.json");
  if (config == snapshot.files.end() || snapshot.tensors.empty())
    throw DataError(fmt::format("{} holds no snapshot (weights/ and snapshot/config.json)", source));
  snapshot.config = parse_json(config->second, source + ": snapshot/config.json");
  snapshot.files.erase(config);
  return snapshot;
}

model::Snapshot snapshot_at(const Path& path, store::Accept accept) {
  if (std::filesystem::is_directory(path)) return model::read_snapshot(path);
  return snapshot_of(store::read_run_file(path, true, accept), path.string());
}

}  // namespace winnow::train
