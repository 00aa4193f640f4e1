// open_clip's snapshots in the form that the towers read. Layouts: open_clip 3.3, transformer.py and model.py.
#pragma once

#include "winnow/model/snapshot.h"

namespace winnow::model {

// `config` is open_clip_config.json and the tensors have OpenAI's names. The result has Hugging Face's configuration
// and names; an image tower that is a ModifiedResNet has none there and keeps its tensors "visual.*"
// (modified_resnet.h). Values are not touched. DataError naming file and key, or the tensor that is missing, misshapen
// or not CLIP's.
Snapshot from_open_clip(const Snapshot& stored);

}  // namespace winnow::model
