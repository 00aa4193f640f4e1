// What image and text towers share: CLIP (Radford et al. 2021) and SigLIP (Zhai et al. 2023).
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/model/snapshot.h"

namespace winnow::model {

// Every tensor of a snapshot belongs to a tower, the temperature or what its family never reads; DataError names
// others.
void require_whole(const Snapshot&);

// exp(logit_scale) cosines, images x texts; SigLIP adds its logit_bias.
at::Tensor pair_logits(const Snapshot&, const at::Tensor& image_features, const at::Tensor& text_features);

// Text features mapped back to the image tower's feature space: normalise(t P^T), C x d.
// docs/methods/partial-labels.md#3.2.
at::Tensor back_projected(const at::Tensor& text_features, const at::Tensor& projection);

}  // namespace winnow::model
