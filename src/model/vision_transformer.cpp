#include "vision_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "transformer.h"
#include "vision_layout.h"
#include "winnow/core/error.h"

namespace winnow::model {

namespace {

// SigLIP's attention pool: one learned query over all tokens, then an MLP with a residual connection.
class AttentionPool {
 public:
  // Hugging Face stacks query, key and value of nn.MultiheadAttention; timm keeps the query apart.
  AttentionPool(const VisionLayout& layout, bool timm, TensorReader& reader, Weights& weights)
      : config_(layout.transformer) {
    std::int64_t d = config_.width;
    const std::string& p = layout.pool;
    auto take = [&](const std::string& name, const std::vector<std::int64_t>& shape, Role role) {
      return weights.add(name, reader.take(name, shape), false, role);
    };
    probe_ = take(p + (timm ? "latent" : "probe"), {1, 1, d}, Role::other);
    if (timm) {
      query_ = take_linear(reader, p + "q", d, d, true, weights);
      key_value_ = take_linear(reader, p + "kv", 2 * d, d, true, weights);
    } else {
      stacked_ = {take(p + "attention.in_proj_weight", {3 * d, d}, Role::matrix),
                  take(p + "attention.in_proj_bias", {3 * d}, Role::bias)};
    }
    out_ = take_linear(reader, p + (timm ? "proj" : "attention.out_proj"), d, d, true, weights);
    norm_ = take_norm(reader, p + (timm ? "norm" : "layernorm"), d, config_.epsilon, weights);
    fc1_ = take_linear(reader, p + "mlp.fc1", config_.hidden, d, true, weights);
    fc2_ = take_linear(reader, p + "mlp.fc2", d, config_.hidden, true, weights);
  }

  at::Tensor operator()(const at::Tensor& tokens) const {
    std::int64_t B = tokens.size(0), d = config_.width, h = config_.heads;
    at::Tensor probe = probe_->use.expand({B, 1, d}), query, key_value;
    if (query_) {
      query = (*query_)(probe);
      key_value = (*key_value_)(tokens);
    } else {
      const at::Tensor &weight = stacked_.weight->use, &bias = stacked_.bias->use;
      query = at::linear(probe, weight.narrow(0, 0, d), bias.narrow(0, 0, d));
      key_value = at::linear(tokens, weight.narrow(0, d, 2 * d), bias.narrow(0, d, 2 * d));
    }
    std::vector<at::Tensor> kv = key_value.view({B, -1, 2, h, d / h}).permute({2, 0, 3, 1, 4}).unbind(0);
    at::Tensor mixed = at::scaled_dot_product_attention(query.view({B, 1, h, d / h}).transpose(1, 2), kv[0], kv[1]);
    at::Tensor x = out_(mixed.transpose(1, 2).reshape({B, d}));
    return x + fc2_(activate(config_.activation, fc1_(norm_(x))));
  }

 private:
  TransformerConfig config_;
  Parameter* probe_;
  Linear stacked_{nullptr, nullptr};
  std::optional<Linear> query_, key_value_;
  Linear out_;
  LayerNorm norm_;
  Linear fc1_, fc2_;
};

at::Tensor resized(const at::Tensor& grid, std::int64_t rows, std::int64_t columns, bool antialias) {
  return antialias ? at::_upsample_bicubic2d_aa(grid, {rows, columns}, /*align_corners=*/false)
                   : at::upsample_bicubic2d(grid, {rows, columns}, /*align_corners=*/false);
}

// A grid resized bicubically. Resizing is linear, so the gradient is a product with a fixed matrix, the resized unit
// grids: CUDA's own backward adds in any order.
class Resized : public torch::autograd::Function<Resized> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& grid, std::int64_t rows,
                            std::int64_t columns, bool antialias) {
    context->saved_data["side"] = grid.size(2);
    context->saved_data["antialias"] = antialias;
    return resized(grid, rows, columns, antialias);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const at::Tensor& gradient = gradients[0];  // 1 x d x rows x columns
    std::int64_t side = context->saved_data["side"].toInt(), d = gradient.size(1);
    at::Tensor units = at::eye(side * side, gradient.options()).view({1, side * side, side, side});
    at::Tensor matrix =
        resized(units, gradient.size(2), gradient.size(3), context->saved_data["antialias"].toBool()).flatten(2)[0];
    at::Tensor own = at::matmul(gradient.flatten(2)[0], matrix.t()).view({1, d, side, side});
    return {own, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

class VisionTransformer final : public ImageTower {
 public:
  VisionTransformer(const Snapshot& snapshot, ImageTowerOptions options)
      : ImageTower(snapshot, options), layout_(vision_layout(snapshot)) {
    const VisionLayout& l = layout_;
    std::int64_t d = l.transformer.width;
    TensorReader reader(snapshot, options.dtype);
    auto take = [&](const std::string& name, const std::vector<std::int64_t>& shape, Role role) {
      return weights_.add(name, reader.take(name, shape), false, role);
    };
    if (!l.class_token.empty()) class_token_ = take(l.class_token, l.class_token_shape, Role::embedding);
    patches_ = take(l.patches + ".weight", {d, l.channels, l.patch, l.patch}, Role::matrix);
    if (l.patch_bias) patch_bias_ = take(l.patches + ".bias", {d}, Role::bias);
    positions_ = take(l.positions, l.positions_shape, Role::embedding);
    if (!l.norm_before.empty()) before_ = take_norm(reader, l.norm_before, d, l.transformer.epsilon, weights_);
    transformer_ = std::make_unique<Transformer>(l.transformer, reader, l.blocks, weights_);
    after_ = take_norm(reader, l.norm_after, d, l.transformer.epsilon, weights_);
    if (!l.pool.empty()) pool_.emplace(l, l.pool == "attn_pool.", reader, weights_);
    if (!l.pooler.empty()) pooler_ = take_linear(reader, l.pooler, d, d, true, weights_);
    if (!l.projection.empty()) projection_ = take(l.projection, {l.joint, d}, Role::matrix);
    if (!l.classifier.empty())
      classifier_ = take_linear(reader, l.classifier, l.classes, d, reader.has(l.classifier + ".bias"), weights_);
    for (const auto& [name, tensor] : snapshot.tensors)
      for (const std::string& prefix : l.unused)
        if (name.starts_with(prefix)) reader.ignore(name);
    reader.expect_all_taken(l.below);
  }

  ImageOutputs encode(const at::Tensor& pixels, bool keep_blocks) const override {
    ImageOutputs result;
    at::Tensor tokens = (*transformer_)(embedded(pixels), keep_blocks ? &result.blocks : nullptr);
    at::Tensor normed = after_(tokens);
    result.last_hidden = layout_.last_hidden_normed ? normed : tokens;
    result.hidden = pool_ ? (*pool_)(own(normed, pixels)) : normed.select(1, 0);
    if (projection_) result.projected = at::linear(result.hidden, projection_->use);
    if (layout_.pool.size() && !projection_) result.projected = result.hidden;  // SigLIP's texts meet the pool's output
    if (classifier_) result.logits = (*classifier_)(result.hidden);
    if (pooler_) result.pooler = at::tanh((*pooler_)(normed.select(1, 0)));
    return result;
  }

  std::int64_t image_size() const override { return layout_.image_size; }
  std::int64_t tower_width() const override { return layout_.transformer.width; }
  bool projects() const override { return projection_ != nullptr; }
  const at::Tensor& projection() const override { return projection_ ? projection_->value : ImageTower::projection(); }
  Transformer* transformer() override { return transformer_.get(); }
  const LayerNorm* norm_before() const override { return before_ ? &*before_ : nullptr; }
  std::int64_t patch_area() const override { return layout_.patch * layout_.patch; }

 private:
  at::Tensor feature(const at::Tensor& pixels) const override {
    at::Tensor tokens = (*transformer_)(embedded(pixels));
    bool pooled = pool_ && options_.feature != FeatureKind::first_token;
    at::Tensor hidden = pooled ? (*pool_)(after_(own(tokens, pixels))) : after_(tokens.select(1, 0));
    return options_.feature == FeatureKind::embedding && projection_ ? at::linear(hidden, projection_->use) : hidden;
  }

  // The tower's own tokens, without those that an adaptation appended.
  at::Tensor own(const at::Tensor& tokens, const at::Tensor& pixels) const {
    std::int64_t patches = (pixels.size(2) / layout_.patch) * (pixels.size(3) / layout_.patch);
    return tokens.narrow(1, 0, patches + (class_token_ ? 1 : 0));
  }

  at::Tensor embedded(const at::Tensor& pixels) const {
    std::int64_t p = layout_.patch, d = layout_.transformer.width, B = pixels.size(0);
    if (pixels.dim() != 4 || pixels.size(1) != layout_.channels || pixels.size(2) % p != 0 || pixels.size(3) % p != 0)
      throw UsageError(
          fmt::format("an image of {} x {}: this image tower wants {} channels and sides that are multiples of {}",
                      pixels.size(-2), pixels.size(-1), layout_.channels, p));
    std::optional<at::Tensor> bias;
    if (patch_bias_) bias = patch_bias_->use;
    at::Tensor grid = at::conv2d(pixels, patches_->use, bias, at::IntArrayRef{p, p});
    std::int64_t rows = grid.size(2), columns = grid.size(3);
    at::Tensor tokens = grid.flatten(2).transpose(1, 2);
    if (class_token_) tokens = at::cat({class_token_->use.view({1, 1, d}).expand({B, 1, d}), tokens}, 1);
    tokens = tokens + position_rows(rows, columns);
    return before_ ? (*before_)(tokens) : tokens;
  }

  // The grid part resized bicubically (a = -0.75), the class token's entry kept.
  at::Tensor position_rows(std::int64_t rows, std::int64_t columns) const {
    std::int64_t side = layout_.grid(), d = layout_.transformer.width, first = class_token_ ? 1 : 0;
    at::Tensor table = positions_->use.view({-1, d});
    if (rows == side && columns == side) return table;
    at::Tensor grid = table.narrow(0, first, side * side).view({1, side, side, d}).permute({0, 3, 1, 2});
    grid = Resized::apply(grid, rows, columns, layout_.antialias);
    grid = grid.permute({0, 2, 3, 1}).reshape({rows * columns, d});
    return first ? at::cat({table.narrow(0, 0, 1), grid}) : grid;
  }

  VisionLayout layout_;
  Parameter *class_token_ = nullptr, *patches_, *patch_bias_ = nullptr, *positions_, *projection_ = nullptr;
  std::optional<LayerNorm> before_;
  LayerNorm after_;
  std::unique_ptr<Transformer> transformer_;
  std::optional<AttentionPool> pool_;
  std::optional<Linear> pooler_, classifier_;
};

}  // namespace

std::unique_ptr<ImageTower> vision_transformer(const Snapshot& snapshot, ImageTowerOptions options) {
  return std::make_unique<VisionTransformer>(snapshot, options);
}

ImageLayout vision_transformer_layout(const Snapshot& snapshot) {
  VisionLayout layout = vision_layout(snapshot);
  return {layout.image_size, layout.transformer.width, layout.transformer.blocks, layout.projection, layout.joint};
}

}  // namespace winnow::model
