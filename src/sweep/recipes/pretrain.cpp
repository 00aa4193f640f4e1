#include "recipes.h"

namespace winnow::sweep {

Draft pretrain_draft(const Model& model, const Fingerprints& fingerprints) {
  Draft draft{.label = "backbone", .own_settings = true};
  draft.stage.kind = StageKind::pretrain;
  draft.stage.version = model.pretrain->version;
  draft.stage.settings = Settings(model.pretrain->settings);
  draft.stage.settings.set("model", model.name);
  draft.stage.outputs = {Output::metrics, Output::weights};
  draft.stage.fingerprints["data"] = fingerprints.at(draft.stage.settings.text("dataset"));
  return draft;
}

}  // namespace winnow::sweep
