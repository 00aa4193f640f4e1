// Features of all samples of a split by a tower as it is.
#pragma once

#include "image_source.h"
#include "kept_features.h"
#include "winnow/comm/collective.h"
#include "winnow/model/tower.h"
#include "winnow/train/trial.h"

namespace winnow::train {

// N x d, fp64, on the host, of a split (ImageSource) in a view and an epoch. Collective: each process computes its part
// of every piece, `chunk` rows at a time (0: all of them; Context::chunk). With a trial the first piece stands for all
// (all_rows). Without gradient. Of one process they are read from where they are kept, and kept, where `kept` is not
// null.
at::Tensor features_of_all(model::Tower&, ImageSource&, const std::string& split, const std::string& view,
                           std::int64_t epoch, comm::Collective&, std::int64_t chunk, Trial*, KeptFeatures* kept);

}  // namespace winnow::train
