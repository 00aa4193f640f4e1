// Every recipe, and the pieces that several share.
#pragma once

#include "../recipe.h"

namespace winnow::sweep {

std::vector<Draft> train_recipe(Experiment);

// The stage that makes the model's weights: its settings are the preset's, so that all sweeps share it.
Draft pretrain_draft(const Model&, const Fingerprints&);

}  // namespace winnow::sweep
