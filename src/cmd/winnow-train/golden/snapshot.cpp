// The snapshot that a case of kind model, peft or tokenizer brings.
#include "golden/kinds.h"

namespace winnow::golden {

model::Snapshot snapshot_of(Case& c) {
  if (c.config().has("snapshot")) return model::read_snapshot(c.folder() / c.config().text("snapshot"));
  model::Snapshot snapshot;
  snapshot.source = c.name();
  snapshot.config = c.raw("config.json");
  snapshot.tensors = c.below("in.weights.", at::kFloat);
  return snapshot;
}

}  // namespace winnow::golden
