#include "transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::model {

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  at::Tensor own = weight->wide ? x.to(weight->use.scalar_type()) : x;
  at::Tensor normed = at::layer_norm(own, {x.size(-1)}, weight->use, bias->use, epsilon);
  return weight->wide ? normed.to(x.scalar_type()) : normed;
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight->use, bias ? std::optional<at::Tensor>(bias->use) : std::nullopt);
}

at::Tensor activate(Activation activation, const at::Tensor& x) {
  if (activation == Activation::quick_gelu) return x * at::sigmoid(1.702 * x);
  return at::gelu(x, activation == Activation::gelu_tanh ? "tanh" : "none");
}

Activation parse_activation(const std::string& word, const std::string& where) {
  if (word == "gelu") return Activation::gelu;
  if (word == "quick_gelu") return Activation::quick_gelu;
  if (word == "gelu_pytorch_tanh" || word == "gelu_new") return Activation::gelu_tanh;
  throw DataError(
      fmt::format("{}: '{}' is not known; known: gelu, gelu_new, gelu_pytorch_tanh, quick_gelu", where, word));
}

LayerNorm take_norm(TensorReader& reader, const std::string& name, std::int64_t width, double epsilon, Weights& weights,
                    std::int64_t block) {
  return {weights.add(name + ".weight", reader.take(name + ".weight", {width}), false, Role::norm, block),
          weights.add(name + ".bias", reader.take(name + ".bias", {width}), false, Role::norm_bias, block), epsilon};
}

Linear take_linear(TensorReader& reader, const std::string& name, std::int64_t out, std::int64_t in, bool bias,
                   Weights& weights, std::int64_t block) {
  return {weights.add(name + ".weight", reader.take(name + ".weight", {out, in}), false, Role::matrix, block),
          bias ? weights.add(name + ".bias", reader.take(name + ".bias", {out}), false, Role::bias, block) : nullptr};
}

BlockNames clip_blocks(const std::string& prefix) {
  return {prefix,
          "layer_norm1",
          "self_attn.qkv_proj",
          "self_attn.out_proj",
          "layer_norm2",
          "mlp.fc1",
          "mlp.fc2",
          {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"}};
}

BlockNames vit_blocks(const std::string& prefix) {
  return {prefix,
          "layernorm_before",
          "attention.attention.query_key_value",
          "attention.output.dense",
          "layernorm_after",
          "intermediate.dense",
          "output.dense",
          {"attention.attention.query", "attention.attention.key", "attention.attention.value"}};
}

BlockNames timm_blocks() { return {"blocks.", "norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2", {}}; }

namespace {

Linear take_qkv(TensorReader& reader, const std::string& block_prefix, const BlockNames& names,
                const TransformerConfig& config, Weights& weights, std::int64_t block) {
  std::int64_t width = config.width;
  if (names.parts.empty())
    return take_linear(reader, block_prefix + names.qkv, 3 * width, width, config.qkv_bias, weights, block);
  std::vector<at::Tensor> matrices, biases;
  for (const std::string& part : names.parts) {
    matrices.push_back(reader.take(block_prefix + part + ".weight", {width, width}));
    if (config.qkv_bias) biases.push_back(reader.take(block_prefix + part + ".bias", {width}));
  }
  std::string name = block_prefix + names.qkv;
  Parameter* weight = weights.add(name + ".weight", at::cat(matrices), false, Role::matrix, block);
  return {weight, config.qkv_bias ? weights.add(name + ".bias", at::cat(biases), false, Role::bias, block) : nullptr};
}

}  // namespace

Transformer::Transformer(const TransformerConfig& config, TensorReader& reader, const BlockNames& names,
                         Weights& weights)
    : config_(config) {
  std::int64_t width = config.width;
  for (std::int64_t i = 0; i < config.blocks; ++i) {
    std::string name = fmt::format("{}{}.", names.prefix, i);
    Block block;
    block.norm1 = take_norm(reader, name + names.norm1, width, config.epsilon, weights, i);
    block.qkv = take_qkv(reader, name, names, config, weights, i);
    block.out = take_linear(reader, name + names.out, width, width, true, weights, i);
    block.norm2 = take_norm(reader, name + names.norm2, width, config.epsilon, weights, i);
    block.fc1 = take_linear(reader, name + names.fc1, config.hidden, width, true, weights, i);
    block.fc2 = take_linear(reader, name + names.fc2, width, config.hidden, true, weights, i);
    blocks_.push_back(block);
  }
}

at::Tensor Transformer::linear(std::size_t i, Adaptation::Layer layer, const Linear& own, const at::Tensor& x) const {
  for (const auto& adaptation : adaptations_)
    if (adaptation->replaces_weights()) {
      auto [weight, bias] = adaptation->effective(i, layer, own);
      return at::linear(x, weight, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt);
    }
  return own(x);
}

at::Tensor Transformer::attention(std::size_t i, const at::Tensor& input) const {
  const Block& block = blocks_[i];
  at::Tensor x = block.norm1(input);
  for (const auto& adaptation : adaptations_) x = adaptation->after_norm1(i, std::move(x));
  at::Tensor stacked = linear(i, Adaptation::Layer::qkv, block.qkv, x);
  for (const auto& adaptation : adaptations_) stacked = adaptation->after_qkv(i, x, std::move(stacked));
  std::int64_t B = x.size(0), T = x.size(1), d = config_.width, h = config_.heads;
  // B x T x 3d -> 3 x B x h x T x d/h, views all the way.
  std::vector<at::Tensor> qkv = stacked.view({B, T, 3, h, d / h}).permute({2, 0, 3, 1, 4}).unbind(0);
  at::Tensor mixed = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], {}, 0.0, config_.causal);
  at::Tensor y = linear(i, Adaptation::Layer::out, block.out, mixed.transpose(1, 2).reshape({B, T, d}));
  for (const auto& adaptation : adaptations_) y = adaptation->after_attention(i, std::move(y));
  return y;
}

at::Tensor Transformer::mlp(std::size_t i, const at::Tensor& input) const {
  const Block& block = blocks_[i];
  at::Tensor x = block.norm2(input);
  for (const auto& adaptation : adaptations_) x = adaptation->after_norm2(i, std::move(x));
  at::Tensor hidden = linear(i, Adaptation::Layer::fc1, block.fc1, x);
  for (const auto& adaptation : adaptations_) hidden = adaptation->after_fc1(i, std::move(hidden));
  at::Tensor y = linear(i, Adaptation::Layer::fc2, block.fc2, activate(config_.activation, hidden));
  for (const auto& adaptation : adaptations_) y = adaptation->after_mlp(i, input, std::move(y));
  return y;
}

bool Transformer::merge_adaptations() {
  for (const auto& adaptation : adaptations_)
    if (!adaptation->merges()) return false;
  for (const auto& adaptation : adaptations_)
    for (std::size_t i = 0; i < blocks_.size(); ++i) adaptation->merge(i, blocks_[i]);
  adaptations_.clear();
  return true;
}

at::Tensor Transformer::operator()(at::Tensor x, std::vector<at::Tensor>* keep) const {
  std::int64_t own = x.size(1);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    for (const auto& adaptation : adaptations_) x = adaptation->before_block(i, std::move(x), own);
    x = x + attention(i, x);
    x = x + mlp(i, x);
    if (keep) keep->push_back(x);
  }
  return x;
}

}  // namespace winnow::model
