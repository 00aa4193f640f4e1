#include "transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/model/clip.h"

namespace winnow::model {

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight->use, bias->use, epsilon);
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight->use, bias ? std::optional<at::Tensor>(bias->use) : std::nullopt);
}

LayerNorm take_norm(TensorReader& reader, const std::string& name, std::int64_t width, double epsilon, Weights& weights,
                    bool trainable) {
  return {weights.add(name + ".weight", reader.take(name + ".weight", {width}), trainable),
          weights.add(name + ".bias", reader.take(name + ".bias", {width}), trainable), epsilon};
}

Linear take_linear(TensorReader& reader, const std::string& name, std::int64_t out, std::int64_t in, bool bias, Weights& weights,
                   bool trainable) {
  return {weights.add(name + ".weight", reader.take(name + ".weight", {out, in}), trainable),
          bias ? weights.add(name + ".bias", reader.take(name + ".bias", {out}), trainable) : nullptr};
}

namespace {

constexpr const char* kStacked[] = {"q_proj", "k_proj", "v_proj"};

Linear take_qkv(TensorReader& reader, const std::string& prefix, std::int64_t width, Weights& weights, bool trainable) {
  std::vector<at::Tensor> matrices, biases;
  for (const char* part : kStacked) {
    matrices.push_back(reader.take(fmt::format("{}.{}.weight", prefix, part), {width, width}));
    biases.push_back(reader.take(fmt::format("{}.{}.bias", prefix, part), {width}));
  }
  return {weights.add(prefix + ".qkv_proj.weight", at::cat(matrices), trainable),
          weights.add(prefix + ".qkv_proj.bias", at::cat(biases), trainable)};
}

}  // namespace

std::map<std::string, at::Tensor> snapshot_layout(const std::map<std::string, at::Tensor>& parameters) {
  std::map<std::string, at::Tensor> result;
  for (const auto& [name, tensor] : parameters) {
    std::size_t at = name.find("qkv_proj");
    if (at == std::string::npos) {
      result[name] = tensor;
      continue;
    }
    std::vector<at::Tensor> parts = tensor.chunk(3);
    for (std::size_t i = 0; i < 3; ++i) result[std::string(name).replace(at, 8, kStacked[i])] = parts[i];
  }
  return result;
}

Transformer::Transformer(const TransformerConfig& config, TensorReader& reader, const std::string& prefix, Weights& weights,
                         bool trainable)
    : config_(config) {
  for (std::int64_t i = 0; i < config.blocks; ++i) {
    std::string name = fmt::format("{}.layers.{}", prefix, i);
    std::int64_t width = config.width;
    Block block;
    block.norm1 = take_norm(reader, name + ".layer_norm1", width, config.epsilon, weights, trainable);
    block.qkv = take_qkv(reader, name + ".self_attn", width, weights, trainable);
    block.out = take_linear(reader, name + ".self_attn.out_proj", width, width, true, weights, trainable);
    block.norm2 = take_norm(reader, name + ".layer_norm2", width, config.epsilon, weights, trainable);
    block.fc1 = take_linear(reader, name + ".mlp.fc1", config.hidden, width, true, weights, trainable);
    block.fc2 = take_linear(reader, name + ".mlp.fc2", width, config.hidden, true, weights, trainable);
    blocks_.push_back(block);
  }
}

at::Tensor Transformer::attention(const Block& block, const at::Tensor& x) const {
  std::int64_t B = x.size(0), T = x.size(1), d = config_.width, h = config_.heads;
  // B x T x 3d -> 3 x B x h x T x d/h, views all the way.
  std::vector<at::Tensor> qkv = block.qkv(x).view({B, T, 3, h, d / h}).permute({2, 0, 3, 1, 4}).unbind(0);
  at::Tensor mixed = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], {}, 0.0, config_.causal);
  return block.out(mixed.transpose(1, 2).reshape({B, T, d}));
}

at::Tensor Transformer::mlp(const Block& block, const at::Tensor& x) const {
  at::Tensor hidden = block.fc1(x);
  return block.fc2(config_.quick_gelu ? hidden * at::sigmoid(1.702 * hidden) : at::gelu(hidden));
}

at::Tensor Transformer::operator()(at::Tensor x, const Adaptation* adaptation) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    x = x + attention(block, block.norm1(x));
    at::Tensor y = mlp(block, block.norm2(x));
    x = x + (adaptation ? adaptation->after_mlp(i, x, std::move(y)) : y);
  }
  return x;
}

}  // namespace winnow::model
