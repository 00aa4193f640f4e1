#include "backbone.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"
#include "executors.h"
#include "stage_seed.h"
#include "winnow/core/error.h"
#include "winnow/model/untrained_tower.h"
#include "winnow/train/exported_model.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {

namespace {

constexpr std::string_view kArchitecture = "architecture.";

Value architecture_of(const Settings& settings) {
  Value config = Value::object();
  for (const auto& [key, value] : settings.all())
    if (key.starts_with(kArchitecture)) config[key.substr(kArchitecture.size())] = value;
  return config;
}

bool begins_at_random(const Stage& stage) { return stage.settings.has("architecture.model_type"); }

// What the head's tensors are called in a snapshot that has a classifier.
std::string in_snapshot(const std::string& name, const model::Snapshot& snapshot) {
  if (!name.starts_with("head.")) return name;
  std::string part = name.substr(5);
  return (snapshot.tensors.count("fc." + part) ? "fc." : "classifier.1.") + part;
}

}  // namespace

model::Snapshot backbone_of(const Stage& stage, const Context& context) {
  if (!begins_at_random(stage)) return snapshot_at(input_file(context, "backbone"), accepted(context));
  return model::untrained_tower(architecture_of(stage.settings), stage_seed(stage.settings));
}

model::Snapshot backbone_of_run(const Stage& stage, const Path& place) {
  if (begins_at_random(stage))
    return model::untrained_tower(architecture_of(stage.settings), stage_seed(stage.settings));
  if (place.empty())
    throw UsageError("the run was trained from another model's weights: say where they are, --backbone PATH");
  return snapshot_at(place);
}

model::Snapshot trained_classifier(const Stage& stage, const Context& context, std::int64_t classes) {
  Value config = architecture_of(stage.settings);
  config["num_labels"] = classes;
  model::Snapshot snapshot = model::untrained_tower(config, 0);
  const Path& file = input_file(context, "classifier");
  snapshot.source = file.string();
  store::RunContent content = store::read_run_file(file, true, accepted(context));
  std::map<std::string, at::Tensor> found;
  for (const auto& [name, array] : content.arrays)
    if (name.starts_with("weights/")) found[in_snapshot(name.substr(8), snapshot)] = tensor_of(array);
  for (auto& [name, tensor] : snapshot.tensors) {
    auto own = found.find(name);
    if (own == found.end() || own->second.sizes() != tensor.sizes())
      throw DataError(fmt::format("{} holds no trained '{}' of shape [{}]", snapshot.source, name,
                                  fmt::join(tensor.sizes(), ", ")));
    tensor = own->second;
  }
  return snapshot;
}

}  // namespace winnow::train
