// What earlier stages hand a method beyond labels, under the names that methods ask for (`inputs` of their presets).
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "winnow/model/text_tower.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// From the stage's inputs, where it has them, on the host:
//   teacher (scores)   -> teacher_logits, N x C
//   texts (features)   -> class_texts, C x p, normalised
//   support (features) -> keys, N x p, normalised
//   text_features (features) -> text_features, K x p, normalised, and text_classes, K, int64: of K texts
//   text_head (weights) -> text_head, C x p: the head of a classifier of texts
// DataError for a run file that holds something else, or is of other samples or classes.
std::map<std::string, at::Tensor> method_inputs(const Stage&, const Context&, const at::Tensor& samples,
                                                std::int64_t classes);

// Of the input `prompts`, the context of a prompt that an earlier stage learned, M x d of texts, on the host.
// DataError.
at::Tensor learned_context(const Context&);

// Of the input `visual_prompts`, tokens of blocks that an earlier stage learned (adapt = vpt-deep or vpt-shallow), by
// block, M x d of the tower each, on the host. DataError.
std::map<std::int64_t, at::Tensor> learned_visual_prompts(const Context&);
// Of the input `head_texts`, what the classes are to the prompt that an earlier stage learned: C x p, normalised, on
// the host. DataError.
at::Tensor learned_texts(const Context&, std::int64_t classes);

// features/{samples,mean} of a run file, N and N x p; features/class_texts, C x p.
void put_features(const at::Tensor& samples, const at::Tensor& mean, store::RunContent&);
void put_class_texts(const at::Tensor& rows, store::RunContent&);
// features/{texts,text_classes}, on the host.
void put_text_features(const model::TextFeatures&, store::RunContent&);

// features/SPLIT of a run file: those of the other splits, where a stage was asked for all.
void put_features_of(const std::string& split, const at::Tensor& rows, store::RunContent&);
// The input `features`, by split: "train", "test", "validation" where there is one. N x p each, fp32, on the host.
// DataError where they are of other samples.
using AllFeatures = std::map<std::string, at::Tensor>;
AllFeatures read_features(const Context&, const at::Tensor& samples);

}  // namespace winnow::train
