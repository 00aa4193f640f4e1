// A trained image classifier in the form in which transformers or timm loads it, where they have its network.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "winnow/model/classifier_architecture.h"
#include "winnow/model/snapshot.h"

namespace winnow::model {

struct TrainedHead {
  at::Tensor weight, bias;  // C x d; C, or undefined: it has none
};

struct LibraryModel {
  Snapshot snapshot;        // tower and, if `classifies`, head; floating tensors in the type of the options
  std::string library;      // "transformers", "timm"
  std::string loader;       // its class ("ViTForImageClassification"), of timm the architecture
  std::string feature;      // what the head is computed of, in terms of `model`, as loaded, and `pixel_values`: B x d
  bool classifies = false;  // the library's own classifier computes the head; else the snapshot is the tower alone
};

// Does the library's classifier compute this head? Linear ones, and l2normed ones, which are linear with rows of length
// 1; where it stands on the feature that the library's classifier sees.
bool fits_library(const Snapshot& backbone, const ClassifierOptions&);

// `trained`: what a stage trained of the tower from `backbone` with these options, by the engine's names, on the host,
// and more; the tower is built anew, gets these values, and its adaptation is merged into its weights. `classes`:
// names, in order. UsageError, one line, for a network that neither library has, and for an adaptation that is more
// than other weights; DataError for a trained tensor that is missing or of another shape.
LibraryModel library_model(const Snapshot& backbone, const ClassifierOptions&,
                           const std::map<std::string, at::Tensor>& trained, const TrainedHead&,
                           const std::vector<std::string>& classes);

}  // namespace winnow::model
