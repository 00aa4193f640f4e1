#include "modified_resnet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::model {

namespace {

class Builder {
 public:
  Builder(TensorReader& reader, Weights& weights) : reader_(reader), weights_(weights) {}

  Parameter* take(const std::string& name, const std::vector<std::int64_t>& shape) {
    return weights_.add(name, reader_.take(name, shape), /*trainable=*/false);
  }
  Convolution convolution(const std::string& name, const std::string& norm, std::int64_t out, std::int64_t in, std::int64_t kernel) {
    reader_.ignore(norm + ".num_batches_tracked");
    Parameter* weight = take(name + ".weight", {out, in, kernel, kernel});
    return {weight, {take(norm + ".weight", {out}), take(norm + ".bias", {out}), take(norm + ".running_mean", {out}),
                     take(norm + ".running_var", {out})}};
  }

 private:
  TensorReader& reader_;
  Weights& weights_;
};

at::Tensor convolve(const Convolution& convolution, const at::Tensor& x, std::int64_t stride = 1) {
  std::int64_t padding = convolution.weight->value.size(2) / 2;
  return convolution.norm(at::conv2d(x, convolution.weight->use, {}, at::IntArrayRef{stride, stride}, at::IntArrayRef{padding, padding}));
}

at::Tensor shrink(const at::Tensor& x, std::int64_t stride) { return stride == 1 ? x : at::avg_pool2d(x, {stride, stride}); }

}  // namespace

at::Tensor FrozenBatchNorm::operator()(const at::Tensor& x) const {
  return at::batch_norm(x, weight->use, bias->use, mean->use, variance->use, /*training=*/false, /*momentum=*/0, /*eps=*/1e-5,
                        /*cudnn_enabled=*/true);
}

at::Tensor ModifiedResNet::Projection::operator()(const at::Tensor& x) const { return at::linear(x, weight->use, bias->use); }

ModifiedResNet::ModifiedResNet(const ModifiedResNetConfig& config, TensorReader& reader, const std::string& prefix, Weights& weights)
    : config_(config) {
  Builder builder(reader, weights);
  auto stem = [&](int i, std::int64_t out, std::int64_t in) {
    return builder.convolution(fmt::format("{}.conv{}", prefix, i), fmt::format("{}.bn{}", prefix, i), out, in, 3);
  };
  std::int64_t width = config.width;
  stem_ = {stem(1, width / 2, 3), stem(2, width / 2, width / 2), stem(3, width, width / 2)};
  std::int64_t channels = width;
  for (std::size_t stage = 0; stage < config.stages.size(); ++stage) {
    std::int64_t inner = width << stage, outer = 4 * inner;
    for (std::int64_t i = 0; i < config.stages[stage]; ++i) {
      std::string name = fmt::format("{}.layer{}.{}", prefix, stage + 1, i);
      Bottleneck block;
      block.stride = stage > 0 && i == 0 ? 2 : 1;
      block.conv1 = builder.convolution(name + ".conv1", name + ".bn1", inner, channels, 1);
      block.conv2 = builder.convolution(name + ".conv2", name + ".bn2", inner, inner, 3);
      block.conv3 = builder.convolution(name + ".conv3", name + ".bn3", outer, inner, 1);
      if (i == 0) block.shortcut = {builder.convolution(name + ".downsample.0", name + ".downsample.1", outer, channels, 1)};
      blocks_.push_back(block);
      channels = outer;
    }
  }
  const std::string pool = prefix + ".attnpool.";
  std::int64_t d = config.embedding(), side = config.image_size / 32;
  auto projection = [&](const char* part, std::int64_t out) {
    std::string name = pool + part;
    return Projection{builder.take(name + ".weight", {out, d}), builder.take(name + ".bias", {out})};
  };
  positions_ = builder.take(pool + "positional_embedding", {side * side + 1, d});
  query_ = projection("q_proj", d);
  key_ = projection("k_proj", d);
  value_ = projection("v_proj", d);
  out_ = projection("c_proj", config.joint);
}

at::Tensor ModifiedResNet::bottleneck(const Bottleneck& block, const at::Tensor& x) const {
  at::Tensor inner = at::relu(convolve(block.conv2, at::relu(convolve(block.conv1, x))));
  at::Tensor outer = convolve(block.conv3, shrink(inner, block.stride));
  return at::relu(outer + (block.shortcut.empty() ? x : convolve(block.shortcut[0], shrink(x, block.stride))));
}

at::Tensor ModifiedResNet::map(const at::Tensor& pixels) const {
  std::int64_t side = config_.image_size;
  if (pixels.dim() != 4 || pixels.size(1) != 3 || pixels.size(2) != side || pixels.size(3) != side)
    throw UsageError(fmt::format("a picture of {} x {}: this image tower wants 3 channels and {} x {}", pixels.size(-2), pixels.size(-1),
                                 side, side));
  at::Tensor x = pixels;
  for (std::size_t i = 0; i < stem_.size(); ++i) x = at::relu(convolve(stem_[i], x, i == 0 ? 2 : 1));
  x = shrink(x, 2);
  for (const Bottleneck& block : blocks_) x = bottleneck(block, x);
  return x;
}

at::Tensor ModifiedResNet::pooled(const at::Tensor& map) const {
  at::Tensor tokens = map.flatten(2).transpose(1, 2);
  tokens = at::cat({tokens.mean(1, /*keepdim=*/true), tokens}, 1) + positions_->use;
  std::int64_t B = tokens.size(0), d = config_.embedding(), h = config_.heads;
  auto heads = [&](const at::Tensor& x) { return x.view({B, -1, h, d / h}).transpose(1, 2); };
  at::Tensor mixed = at::scaled_dot_product_attention(heads(query_(tokens.narrow(1, 0, 1))), heads(key_(tokens)), heads(value_(tokens)));
  return out_(mixed.reshape({B, d}));
}

}  // namespace winnow::model
