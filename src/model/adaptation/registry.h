// The adaptations by name, and what they share.
#pragma once

#include <ATen/core/Tensor.h>

#include "transformer.h"
#include "winnow/core/stream.h"
#include "winnow/model/adaptation.h"
#include "winnow/model/random_tensor.h"

namespace winnow::model {

// A tower that is being adapted.
struct Adapting {
  ImageTower& tower;
  const AdaptationOptions& options;
  std::int64_t first = 0, last = 0;  // blocks [first, last)

  Weights& weights() const { return tower.weights(); }
  // UsageError for a convolutional tower.
  Transformer& transformer() const;
  std::int64_t width() const { return transformer().config().width; }
  bool covers(std::size_t block) const {
    return static_cast<std::int64_t>(block) >= first && static_cast<std::int64_t>(block) < last;
  }
  // A trained parameter in the tower's precision.
  Parameter* add(const std::string& name, const at::Tensor& value, Role = Role::other) const;
  // The stream of initial values of block i: `purpose` is the adaptation's.
  Stream stream(std::string_view purpose, std::int64_t block, std::uint64_t index = 0) const;
  // options.size, or 2^max(0, floor(log2(C / (2 blocks)))) (docs/methods/partial-labels.md#3.3).
  std::int64_t bottleneck() const;
};

// LayerNorm, down, ReLU, up: what Adapter and AdaptFormer share. Down Kaiming-normal with a = sqrt(5), up and biases
// zero.
struct Bottleneck {
  LayerNorm norm;
  Linear down, up;
  at::Tensor operator()(const at::Tensor& x) const;
};
Bottleneck add_bottleneck(const Adapting&, const std::string& name, std::int64_t block);

}  // namespace winnow::model
