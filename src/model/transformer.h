// The pre-norm transformer block that CLIP's two towers share. Radford et al. 2021; layouts and names of Hugging Face's CLIP.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "winnow/model/snapshot.h"
#include "winnow/model/weights.h"

namespace winnow::model {

struct LayerNorm {
  Parameter *weight, *bias;
  double epsilon;
  at::Tensor operator()(const at::Tensor& x) const;
};

struct Linear {
  Parameter *weight, *bias;                       // bias null: none
  at::Tensor operator()(const at::Tensor& x) const;
};

struct TransformerConfig {
  std::int64_t width = 0, blocks = 0, heads = 0, hidden = 0;   // hidden: of the MLP
  bool quick_gelu = false;                        // x sigmoid(1.702 x), else the exact gelu
  double epsilon = 1e-5;
  bool causal = false;
};

struct Block {
  LayerNorm norm1, norm2;
  Linear qkv, out;                                // query, key, value stacked: one product instead of three
  Linear fc1, fc2;
};

// What is trained of a tower beside or instead of its own weights.
class Adaptation {
 public:
  virtual ~Adaptation() = default;
  // y: the MLP's output of a block, x: the input of the block's MLP half, before its LayerNorm. What is added to x.
  virtual at::Tensor after_mlp(std::size_t /*block*/, const at::Tensor& /*x*/, at::Tensor y) const { return y; }
};

class Transformer {
 public:
  // Takes "<prefix>.layers.i.*". `trainable`: the blocks' own weights may be trained.
  Transformer(const TransformerConfig&, TensorReader&, const std::string& prefix, Weights&, bool trainable);

  // Tokens B x T x width.
  at::Tensor operator()(at::Tensor x, const Adaptation*) const;
  const TransformerConfig& config() const { return config_; }

 private:
  at::Tensor attention(const Block&, const at::Tensor& x) const;
  at::Tensor mlp(const Block&, const at::Tensor& x) const;

  TransformerConfig config_;
  std::vector<Block> blocks_;
};

// Takes "<name>.weight" and "<name>.bias".
LayerNorm take_norm(TensorReader&, const std::string& name, std::int64_t width, double epsilon, Weights&, bool trainable);
Linear take_linear(TensorReader&, const std::string& name, std::int64_t out, std::int64_t in, bool bias, Weights&, bool trainable);

}  // namespace winnow::model
