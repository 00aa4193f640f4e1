// A trained stage's model for use elsewhere: as transformers or timm loads it, or its weights alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/model/snapshot.h"
#include "winnow/store/run_file.h"

namespace winnow::train {

struct ExportedModel {
  model::Snapshot snapshot;  // config.json, model.safetensors and small files; or none
  std::map<std::string, std::map<std::string, at::Tensor>> beside;  // further safetensors files by name, without suffix
  Value facts;          // winnow.json: where it comes from, what loads it, how its logits are computed
  std::string summary;  // one sentence: what it is, what was merged, what lies beside
};

// UsageError where the run keeps no weights (says how to get them), where its method predicts by more than an adapted
// tower and a head, or where no library has such a network: each names the way out. DataError for weights that do not
// fit. `classes`: names in order; empty: they are called by number.
ExportedModel exported_model(const store::RunContent&, const std::string& source, const model::Snapshot& backbone,
                             const std::vector<std::string>& classes);
// The trained tensors under the names that the run file has, whatever they are of.
ExportedModel exported_weights(const store::RunContent&, const std::string& source);

// What a run was trained from: at this place, a snapshot folder or a pre-training's run file; or the network that its
// own settings describe, initialised anew. UsageError where the place is wanted and empty; DataError.
model::Snapshot backbone_of_run(const Stage&, const Path& place);

// Complete or not at all. UsageError for a folder that is there and not empty; DeviceError.
void write_exported(const Path& folder, const ExportedModel&);

}  // namespace winnow::train
