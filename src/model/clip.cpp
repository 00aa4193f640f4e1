#include "winnow/model/clip.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>

#include "clip_config.h"
#include "transformer.h"
#include "winnow/core/error.h"
#include "winnow/model/head.h"

namespace winnow::model {

// ---- image

struct ClipImageTower::Impl {
  ClipConfig config;
  FeatureKind kind;
  Parameter *class_embedding, *patches, *positions, *projection;
  LayerNorm pre, post;
  std::unique_ptr<Transformer> transformer;
  std::unique_ptr<Adaptation> adaptation;
  std::unique_ptr<ModifiedResNet> resnet;         // instead of all of the above
  at::Tensor identity;                            // its projection

  at::Tensor position_rows(std::int64_t rows, std::int64_t columns) const;
};

ClipImageTower::ClipImageTower(const Snapshot& snapshot, at::ScalarType dtype, FeatureKind kind, Train train)
    : impl_(std::make_unique<Impl>()) {
  Impl& own = *impl_;
  own.config = ClipConfig::from(snapshot.config, snapshot.source);
  own.kind = kind;
  TensorReader reader(snapshot, dtype);
  const ClipConfig& c = own.config;
  if (c.resnet) {
    if (train != Train::none)
      throw UsageError(fmt::format("{}: the image tower is a ModifiedResNet, whose BatchNorm is computed with stored statistics only: "
                                   "it is not trained; adapt = \"linear-probe\" trains a head on it", snapshot.source));
    own.resnet = std::make_unique<ModifiedResNet>(*c.resnet, reader, "visual", weights_);
    own.identity = at::eye(c.joint, at::TensorOptions(dtype));
    reader.expect_all_taken({"visual", "vision_model."});
    return;
  }
  std::int64_t d = c.image.width, side = c.image_size / c.patch;
  bool all = train == Train::all;
  const std::string prefix = "vision_model.embeddings.";
  auto take = [&](const std::string& name, std::vector<std::int64_t> shape) { return weights_.add(name, reader.take(name, shape), all); };
  own.class_embedding = take(prefix + "class_embedding", {d});
  own.patches = take(prefix + "patch_embedding.weight", {d, c.channels, c.patch, c.patch});
  own.positions = take(prefix + "position_embedding.weight", {side * side + 1, d});
  own.pre = take_norm(reader, "vision_model.pre_layrnorm", d, c.image.epsilon, weights_, all);       // spelt so in every snapshot
  own.transformer = std::make_unique<Transformer>(c.image, reader, "vision_model.encoder", weights_, train != Train::none);
  own.post = take_norm(reader, "vision_model.post_layernorm", d, c.image.epsilon, weights_, all);
  own.projection = take("visual_projection.weight", {c.joint, d});
  reader.ignore(prefix + "position_ids");
  reader.expect_all_taken({"vision_model.", "visual"});
}

ClipImageTower::~ClipImageTower() = default;

void ClipImageTower::adapt(std::unique_ptr<Adaptation> adaptation) { impl_->adaptation = std::move(adaptation); }
std::int64_t ClipImageTower::blocks() const {
  if (impl_->resnet)
    throw UsageError("the image tower is a ModifiedResNet and has no transformer blocks to adapt; adapt = \"linear-probe\" does without");
  return impl_->config.image.blocks;
}
std::int64_t ClipImageTower::tower_width() const { return impl_->resnet ? impl_->config.joint : impl_->config.image.width; }
const at::Tensor& ClipImageTower::projection() const { return impl_->resnet ? impl_->identity : impl_->projection->value; }
std::int64_t ClipImageTower::image_size() const { return impl_->config.image_size; }
std::int64_t ClipImageTower::width() const {
  return impl_->kind == FeatureKind::hidden ? tower_width() : impl_->config.joint;
}

// The grid part resized bicubically (a = -0.75, no antialiasing), the class token's entry kept.
at::Tensor ClipImageTower::Impl::position_rows(std::int64_t rows, std::int64_t columns) const {
  std::int64_t side = config.image_size / config.patch, d = config.image.width;
  if (rows == side && columns == side) return positions->use;
  at::Tensor grid = positions->use.narrow(0, 1, side * side).view({1, side, side, d}).permute({0, 3, 1, 2});
  grid = at::upsample_bicubic2d(grid, {rows, columns}, /*align_corners=*/false);
  return at::cat({positions->use.narrow(0, 0, 1), grid.permute({0, 2, 3, 1}).reshape({rows * columns, d})});
}

ImageOutputs ClipImageTower::encode(const at::Tensor& pixels) const {
  const Impl& own = *impl_;
  if (own.resnet) {
    at::Tensor map = own.resnet->map(pixels), pooled = own.resnet->pooled(map);
    return {map, pooled, pooled};
  }
  std::int64_t p = own.config.patch, d = own.config.image.width, B = pixels.size(0);
  if (pixels.dim() != 4 || pixels.size(1) != own.config.channels || pixels.size(2) % p != 0 || pixels.size(3) % p != 0)
    throw UsageError(fmt::format("a picture of {} x {}: this image tower wants {} channels and sides that are multiples of {}",
                                 pixels.size(-2), pixels.size(-1), own.config.channels, p));
  at::Tensor grid = at::conv2d(pixels, own.patches->use, {}, at::IntArrayRef{p, p});
  std::int64_t rows = grid.size(2), columns = grid.size(3);
  at::Tensor tokens = at::cat({own.class_embedding->use.expand({B, 1, d}), grid.flatten(2).transpose(1, 2)}, 1);
  tokens = own.pre(tokens + own.position_rows(rows, columns));
  ImageOutputs result;
  result.last_hidden = (*own.transformer)(tokens, own.adaptation.get());
  result.hidden = own.post(result.last_hidden.select(1, 0));
  result.projected = at::linear(result.hidden, own.projection->use);
  return result;
}

Outputs ClipImageTower::rows(const at::Tensor& pixels) {
  ImageOutputs outputs = encode(pixels);
  if (impl_->kind == FeatureKind::hidden) return {{"features", outputs.hidden}};
  return {{"features", outputs.projected}};
}

// ---- text

struct ClipTextTower::Impl {
  ClipConfig config;
  Parameter *tokens, *positions, *projection;
  LayerNorm last;
  std::unique_ptr<Transformer> transformer;
};

ClipTextTower::ClipTextTower(const Snapshot& snapshot, at::ScalarType dtype, bool trainable) : impl_(std::make_unique<Impl>()) {
  Impl& own = *impl_;
  own.config = ClipConfig::from(snapshot.config, snapshot.source);
  TensorReader reader(snapshot, dtype);
  const ClipConfig& c = own.config;
  std::int64_t d = c.text.width;
  const std::string prefix = "text_model.embeddings.";
  auto take = [&](const std::string& name, std::vector<std::int64_t> shape) {
    return weights_.add(name, reader.take(name, shape), trainable);
  };
  own.tokens = take(prefix + "token_embedding.weight", {c.vocabulary, d});
  own.positions = take(prefix + "position_embedding.weight", {c.context, d});
  own.transformer = std::make_unique<Transformer>(c.text, reader, "text_model.encoder", weights_, trainable);
  own.last = take_norm(reader, "text_model.final_layer_norm", d, c.text.epsilon, weights_, trainable);
  own.projection = take("text_projection.weight", {c.joint, d});
  reader.ignore(prefix + "position_ids");
  reader.expect_all_taken({"text_model.", "text_projection."});
}

ClipTextTower::~ClipTextTower() = default;
std::int64_t ClipTextTower::width() const { return impl_->config.joint; }
std::int64_t ClipTextTower::context() const { return impl_->config.context; }

TextOutputs ClipTextTower::encode(const at::Tensor& tokens) const {
  const Impl& own = *impl_;
  if (tokens.dim() != 2 || tokens.size(1) > own.config.context)
    throw UsageError(fmt::format("texts of {} tokens: this text tower takes at most {}", tokens.size(-1), own.config.context));
  TextOutputs result;
  at::Tensor x = at::embedding(own.tokens->use, tokens) + own.positions->use.narrow(0, 0, tokens.size(1));
  result.last_hidden = own.last((*own.transformer)(x, nullptr));
  at::Tensor key = own.config.end_token ? (tokens == *own.config.end_token).to(at::kInt) : tokens;
  at::Tensor at_end = key.argmax(1);              // the first of equal ones
  result.hidden = result.last_hidden.index({at::arange(tokens.size(0), tokens.options()), at_end});
  result.projected = at::linear(result.hidden, own.projection->use);
  return result;
}

Outputs ClipTextTower::rows(const at::Tensor& tokens) { return {{"features", encode(tokens).projected}}; }

// ---- both

void require_clip(const Snapshot& snapshot) {
  TensorReader reader(snapshot, at::kFloat);
  for (const auto& [name, tensor] : snapshot.tensors)
    for (const char* prefix : {"vision_model.", "visual", "text_model.", "text_projection.", "logit_scale"})
      if (name.starts_with(prefix)) reader.ignore(name);
  reader.expect_all_taken({""});
}

at::Tensor clip_logits(const Snapshot& snapshot, const at::Tensor& image_features, const at::Tensor& text_features) {
  at::Tensor scale = TensorReader(snapshot, image_features.scalar_type()).take("logit_scale", {});
  return scale.exp() * at::matmul(normalise_rows(image_features), normalise_rows(text_features).t());
}

at::Tensor class_text_features(const ClipTextTower& text, const at::Tensor& tokens) {
  at::NoGradGuard no_gradient;
  if (tokens.dim() == 2) return normalise_rows(text.encode(tokens).projected);
  at::Tensor all = normalise_rows(text.encode(tokens.flatten(0, 1)).projected);
  return normalise_rows(all.view({tokens.size(0), tokens.size(1), -1}).mean(0));
}

at::Tensor back_projected(const at::Tensor& text_features, const at::Tensor& projection) {
  return normalise_rows(at::matmul(text_features, projection));
}

}  // namespace winnow::model
