// What a stage of kind `score` hands on, however the scores were computed.
#pragma once

#include "image_source.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// Logits of the source's training samples (N x C) and how often their largest is the data set's own label.
Execution score_execution(const at::Tensor& logits, const ImageSource&, const Oracle&);

}  // namespace winnow::train
