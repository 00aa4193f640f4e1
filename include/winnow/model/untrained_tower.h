// Image towers without downloaded weights: of a configuration alone, at random.
#pragma once

#include <cstdint>

#include "winnow/model/snapshot.h"

namespace winnow::model {

// A convolutional tower with BatchNorms (wide_resnet, resnet in Hugging Face's form), as config.json describes it, with
// its classifier where `num_labels` is given. Convolutions N(0, 2 / fan out) (He et al. 2015), BatchNorms the identity,
// the classifier uniform within 1 / sqrt(d), its bias 0; drawn from streams of (seed, name). It comes with a
// preprocessor_config.json of raw pixels 0..255 unless the configuration has `image_mean` and `image_std`. DataError
// for another family.
Snapshot untrained_tower(const Value& config, std::uint64_t seed);

}  // namespace winnow::model
