// The ResNet of CLIP's image towers. Radford et al. 2021, section 2.4; layouts and names of OpenAI's ModifiedResNet.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <string>
#include <vector>

#include "winnow/model/snapshot.h"
#include "winnow/model/weights.h"

namespace winnow::model {

struct ModifiedResNetConfig {
  std::array<std::int64_t, 4> stages{};           // bottlenecks in each
  std::int64_t width = 64, heads = 32, image_size = 224, joint = 0;
  std::int64_t embedding() const { return 32 * width; }               // channels of the last stage's map
};

// BatchNorm in evaluation, always: a tuned tower would need statistics over the whole batch, which rows do not see.
struct FrozenBatchNorm {
  Parameter *weight, *bias, *mean, *variance;
  at::Tensor operator()(const at::Tensor& x) const;
};

struct Convolution {
  Parameter* weight;
  FrozenBatchNorm norm;
};

// Against torchvision's: a stem of three convolutions and an average pool; each stride is an average pool before a convolution
// of stride 1 (anti-aliasing); and attention, with the mean as its query, instead of the mean pool.
class ModifiedResNet {
 public:
  // Takes "<prefix>.*". Statistics are parameters, too, so that they follow the weights to devices and copies.
  ModifiedResNet(const ModifiedResNetConfig&, TensorReader&, const std::string& prefix, Weights&);

  // Pixels B x 3 x image_size x image_size to the last stage's map B x embedding x h x w. UsageError for other pictures: the
  // attention pool's position table is for this size.
  at::Tensor map(const at::Tensor& pixels) const;
  at::Tensor pooled(const at::Tensor& map) const; // B x joint

 private:
  struct Bottleneck {
    Convolution conv1, conv2, conv3;
    std::vector<Convolution> shortcut;            // one, or none: the identity
    std::int64_t stride;
  };
  struct Projection {
    Parameter *weight, *bias;
    at::Tensor operator()(const at::Tensor& x) const;
  };
  at::Tensor bottleneck(const Bottleneck&, const at::Tensor& x) const;

  ModifiedResNetConfig config_;
  std::vector<Convolution> stem_;
  std::vector<Bottleneck> blocks_;
  Parameter* positions_;
  Projection query_, key_, value_, out_;
};

}  // namespace winnow::model
