// The pre-norm transformer block of every vision transformer and text tower here. Dosovitskiy et al. 2021; Radford et
// al. 2021.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
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
  Parameter *weight, *bias;  // bias null: none
  at::Tensor operator()(const at::Tensor& x) const;
};

enum class Activation { gelu, gelu_tanh, quick_gelu };  // x Phi(x); its tanh approximation; x sigmoid(1.702 x)
at::Tensor activate(Activation, const at::Tensor& x);
// Hugging Face's hidden_act. DataError naming `where`.
Activation parse_activation(const std::string& word, const std::string& where);

struct TransformerConfig {
  std::int64_t width = 0, blocks = 0, heads = 0, hidden = 0;  // hidden: of the MLP
  Activation activation = Activation::gelu;
  double epsilon = 1e-5;
  bool causal = false;
  bool qkv_bias = true;
};

// What a family calls the parts of block i, below "<prefix>i.".
struct BlockNames {
  std::string prefix;                            // "vision_model.encoder.layers."
  std::string norm1, qkv, out, norm2, fc1, fc2;  // qkv: the stacked matrix, in the snapshot or made of `parts`
  std::vector<std::string> parts;                // query, key, value where the snapshot holds them apart
};
BlockNames clip_blocks(const std::string& prefix);  // CLIP and SigLIP
BlockNames vit_blocks(const std::string& prefix);   // ViT and MAE
BlockNames timm_blocks();

struct Block {
  LayerNorm norm1, norm2;
  Linear qkv, out;  // query, key, value stacked: one product instead of three
  Linear fc1, fc2;
};

// What is computed of a tower beside or instead of its own weights: hooks, each the identity unless an adaptation fills
// it. Block i sees x (B x T x d), the residual stream.
class Adaptation {
 public:
  virtual ~Adaptation() = default;
  // `own`: tokens of the tower itself, which come first.
  virtual at::Tensor before_block(std::size_t /*i*/, at::Tensor x, std::int64_t /*own*/) const { return x; }
  virtual at::Tensor after_norm1(std::size_t /*i*/, at::Tensor x) const { return x; }
  virtual at::Tensor after_qkv(std::size_t /*i*/, const at::Tensor& /*input*/, at::Tensor qkv) const { return qkv; }
  virtual at::Tensor after_attention(std::size_t /*i*/, at::Tensor y) const { return y; }
  virtual at::Tensor after_norm2(std::size_t /*i*/, at::Tensor x) const { return x; }
  virtual at::Tensor after_fc1(std::size_t /*i*/, at::Tensor hidden) const { return hidden; }
  // y: the MLP's output, x: the input of the block's MLP half, before its LayerNorm. What is added to x.
  virtual at::Tensor after_mlp(std::size_t /*i*/, const at::Tensor& /*x*/, at::Tensor y) const { return y; }
  // A linear layer of block i: weight and bias to compute with instead of its own.
  enum class Layer { qkv, out, fc1, fc2 };
  virtual std::pair<at::Tensor, at::Tensor> effective(std::size_t /*i*/, Layer, const Linear& own) const {
    return {own.weight->use, own.bias ? own.bias->use : at::Tensor()};
  }
  virtual bool replaces_weights() const { return false; }  // whether `effective` does anything

  // Is what it computes the same as other values of the blocks' own weights? Then merge() gives block i those values,
  // on top of what is there.
  virtual bool merges() const { return false; }
  virtual void merge(std::size_t /*i*/, const Block&) const {}
};

class Transformer {
 public:
  Transformer(const TransformerConfig&, TensorReader&, const BlockNames&, Weights&);

  // Tokens B x T x width. Adaptations are applied in the order in which they came. keep: each block's tokens.
  at::Tensor operator()(at::Tensor x, std::vector<at::Tensor>* keep = nullptr) const;
  const TransformerConfig& config() const { return config_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  void adapt(std::unique_ptr<Adaptation> adaptation) { adaptations_.push_back(std::move(adaptation)); }
  // Puts the adaptations into the weights' values and takes them away. False, and nothing is changed, where one of them
  // is more than other weights.
  bool merge_adaptations();

  // Without its adaptations for its lifetime.
  class Unadapted {
   public:
    explicit Unadapted(Transformer& transformer) : transformer_(transformer) { swap(); }
    ~Unadapted() { swap(); }
    Unadapted(const Unadapted&) = delete;

   private:
    void swap() { transformer_.adaptations_.swap(set_aside_); }
    Transformer& transformer_;
    std::vector<std::unique_ptr<Adaptation>> set_aside_;
  };

 private:
  at::Tensor linear(std::size_t i, Adaptation::Layer, const Linear& own, const at::Tensor& x) const;
  at::Tensor attention(std::size_t i, const at::Tensor& x) const;
  at::Tensor mlp(std::size_t i, const at::Tensor& x) const;

  TransformerConfig config_;
  std::vector<Block> blocks_;
  std::vector<std::unique_ptr<Adaptation>> adaptations_;
};

// Takes "<name>.weight" and "<name>.bias".
LayerNorm take_norm(TensorReader&, const std::string& name, std::int64_t width, double epsilon, Weights&,
                    std::int64_t block = -1);
Linear take_linear(TensorReader&, const std::string& name, std::int64_t out, std::int64_t in, bool bias, Weights&,
                   std::int64_t block = -1);

}  // namespace winnow::model
