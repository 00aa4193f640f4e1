// What image and text towers share: CLIP (Radford et al. 2021) and SigLIP (Zhai et al. 2023).
#pragma once

#include <map>
#include <string>

#include "winnow/model/image_tower.h"
#include "winnow/model/text_tower.h"

namespace winnow::model {

// Every tensor of a snapshot belongs to a tower, the temperature or what its family never reads; DataError names others.
void require_whole(const Snapshot&);

// exp(logit_scale) cosines, images x texts; SigLIP adds its logit_bias.
at::Tensor pair_logits(const Snapshot&, const at::Tensor& image_features, const at::Tensor& text_features);

// Text features mapped back to the image tower's feature space: normalise(t P^T), C x d. docs/methods/partial-labels.md#3.2.
at::Tensor back_projected(const at::Tensor& text_features, const at::Tensor& projection);

// Parameters by the snapshot's names: stacked query, key and value matrices split again.
std::map<std::string, at::Tensor> snapshot_layout(const std::map<std::string, at::Tensor>& parameters);

// An untrained CLIP: configuration and initial weights (Hugging Face's initialisation) from the counter stream of `seed`.
struct ClipSizes {
  std::int64_t image_size, patch, width, blocks, heads;
  std::int64_t text_width, text_blocks, text_heads, context, vocabulary, end_token;
  std::int64_t joint;
  double temperature;                             // initial
};
Snapshot untrained_clip(const ClipSizes&, std::uint64_t seed);

}  // namespace winnow::model
