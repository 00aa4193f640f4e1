// What `winnow model check` asks of a snapshot before any stage does: can images be prepared for it?
#pragma once

#include <string>

#include "winnow/model/snapshot.h"

namespace winnow::train {

// Every stage: mean and deviation, side. DataError naming file and key.
void require_normalisation(const model::Snapshot&);

// Why no stage could use the view `model` of this snapshot; empty where it could.
std::string own_view_refusal(const model::Snapshot&);

}  // namespace winnow::train
