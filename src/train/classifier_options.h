// What of a stage's model is trained, and which head it has: the keys of common.toml that say so.
#pragma once

#include "winnow/core/settings.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/model/snapshot.h"

namespace winnow::train {

// Without a type, rows of a head and a context. UsageError for a word that is none.
model::ClassifierOptions classifier_options(const Settings&, std::int64_t classes, const model::Snapshot&);

bool reads_siglip_as_clip(const Settings&);

}  // namespace winnow::train
