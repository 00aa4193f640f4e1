// The keys of common.toml that say what of the model is trained, and which head.
#pragma once

#include "winnow/core/settings.h"
#include "winnow/model/classifier_architecture.h"

namespace winnow::train {

// Is a SigLIP read as if it were a CLIP? docs/methods/partial-labels.md#S10.
bool reads_siglip_as_clip(const Settings&);

// All but the head's start, learned contexts and the type of the weights. UsageError, DataError.
model::ClassifierOptions classifier_options(const Settings&, std::int64_t classes, const model::Snapshot&);

}  // namespace winnow::train
