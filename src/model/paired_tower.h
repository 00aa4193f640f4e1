// A frozen CLIP whose towers share what is learned: tokens of texts and of images, and one transformer block that mixes
// them before each goes its way. Zang et al., "Unified vision and language prompt learning", 2022 (UPT), as Menghini et
// al., 2023 (GRIP) have it: docs/methods/unsupervised.md#6.2.
#pragma once

#include <memory>

#include "winnow/model/classifier_architecture.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/tower.h"

namespace winnow::model {

// Rows: pixels B x 3 x H x W, or tokens B x up to context (int64) with slots 0 .. context_vectors - 1
// (prompt_learner.h). Features of either in the space of texts, B x p. Of the options it reads context_vectors,
// input_tokens, dtype, compute, device and the seed. Its weights are the learned ones alone, NAME.part; the CLIP's own
// lie on the device of the options.
//
// T (context_vectors x text width, N(0, 0.02^2)) and V (input_tokens x image width, uniform within
// sqrt(6 / (3 patch^2 + width))) are mapped to 128 columns each, run one below the other through a block (one head,
// quick GELU, rows see all rows), and are mapped back: T' are the text tower's context, V' stand in front of the image
// tower's first LayerNorm, its first block's. Linear maps start uniform within 1 / sqrt(columns), the block's attention
// by Glorot's bound, biases of attention 0, as PyTorch's do.
//
// UsageError for a model without texts, or with a convolutional image tower.
std::unique_ptr<Tower> paired_tower(const Snapshot&, const ClassifierOptions&, const std::string& name);

}  // namespace winnow::model
