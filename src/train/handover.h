// What a method that is a program is given of its stage: images without names or labels, in an order that says nothing,
// and what a built-in method would be told of them. docs/programs.md#3.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "image_source.h"
#include "winnow/train/execute.h"

namespace winnow::train {

struct Handover {
  std::string token;                        // of these samples in this order; answers must bear it
  std::map<std::string, at::Tensor> order;  // by split: row i of what is handed over is row order[i] of the source's.
                                            // "test.NAME" of further test splits
};

// Writes stage.json, labels.safetensors and inputs.safetensors into the folder, which must be empty; and, once for all
// stages on the same samples, the images into the machine's cache. Of the training samples nothing is written that
// depends on their true labels, but through given labels, and through the choice of samples; of the others nothing at
// all but images and features. DataError, DeviceError.
Handover hand_over(const Stage&, const Context&, ImageSource&, const Path& folder);

}  // namespace winnow::train
