// What of a pre-trained image tower is trained: modules beside its layers, or its own weights by kind.
// docs/methods/partial-labels.md#3.3, docs/methods/noisy-labels.md#7. One file each in src/model/adaptation; one line
// each in its registry.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "winnow/model/image_tower.h"

namespace winnow::model {

struct AdaptationOptions {
  std::int64_t size = 0;   // bottleneck, rank or prompt tokens; 0: the default for `classes`
  std::int64_t depth = 0;  // vpt-front: blocks that have prompts, from the first; 0: all
  double mask_ratio = 0;   // share of the blocks' weights that `mask` trains; 0: the default for `classes`
  std::optional<std::pair<std::int64_t, std::int64_t>> blocks;  // [first, last) alone; all blocks where it is empty
  bool everything = false;                                      // full-tuning: of a transformer more than its blocks
  bool deft = false;              // placement and order of DeFT's code where it differs from PartialCLIP's
  bool standard_lora = false;     // LoRA's A with bound 1/sqrt(d) instead of the reference's 1/sqrt(r)
  bool batch_statistics = false;  // full-tuning: BatchNorms of a training forward take the batch's moments
  std::int64_t classes = 0;
  std::uint64_t seed = 0;
};

// Adds the modules' parameters to the tower's weights under the names of the reference code (adaptformer_list.0.scale,
// ...), or marks the tower's own parameters as trainable. Several may be added to one tower. UsageError for an unknown
// name (with the nearest), a tower that the adaptation does not fit, blocks that it does not have.
void adapt(ImageTower&, const std::string& name, const AdaptationOptions&);

// Beside another adaptation: tokens that vpt-deep or vpt-shallow learned in an earlier stage, by block, M x d each,
// where they ended; they are trained on under the names that they had. Blocks without gaps. DataError for tokens that
// do not fit the tower; UsageError for a convolutional tower. docs/methods/unsupervised.md#9 (A8).
void keep_prompts(ImageTower&, const std::map<std::int64_t, at::Tensor>& by_block);

// By name, in the order in which several are added to one tower: it decides what is computed first.
std::vector<std::string> known_adaptations(bool deft);

}  // namespace winnow::model
