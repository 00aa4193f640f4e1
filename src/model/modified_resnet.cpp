#include "modified_resnet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "convolution.h"
#include "transformer.h"
#include "winnow/core/error.h"
#include "winnow/text/config_table.h"

namespace winnow::model {

namespace {

struct Config {
  std::vector<std::int64_t> stages;  // bottlenecks in each of four
  std::int64_t width, heads, image_size, joint;
  std::int64_t embedding() const { return 32 * width; }  // channels of the last stage's map

  static Config from(const Snapshot& snapshot) {
    text::ConfigTable all(snapshot.config, snapshot.source + "/config.json"), image = all.table("vision_config");
    Config c{image.sizes("layers", {3, 4, 6, 3}), image.size("width", 64), image.size("num_attention_heads", 32),
             image.size("image_size", 224), all.size("projection_dim", 1024)};
    if (c.stages.size() != 4)
      throw DataError(
          fmt::format("{}.layers: expected the numbers of blocks of 4 stages, got {}", image.name(), c.stages.size()));
    text::require_multiple(image.name(), "32 times width", c.embedding(), "num_attention_heads", c.heads);
    text::require_multiple(image.name(), "image_size", c.image_size, "the stride", 32);
    return c;
  }
};

at::Tensor shrink(const at::Tensor& x, std::int64_t stride) {
  return stride == 1 ? x : at::avg_pool2d(x, {stride, stride});
}

struct Bottleneck {
  Convolution conv1, conv2, conv3;
  std::vector<Convolution> shortcut;  // one, or none: the identity
  std::int64_t stride;

  at::Tensor operator()(const at::Tensor& x) const {
    at::Tensor inner = at::relu(conv2(at::relu(conv1(x))));
    at::Tensor outer = conv3(shrink(inner, stride));
    return at::relu(outer + (shortcut.empty() ? x : shortcut[0](shrink(x, stride))));
  }
};

class ModifiedResNet final : public ImageTower {
 public:
  ModifiedResNet(const Snapshot& snapshot, ImageTowerOptions options)
      : ImageTower(snapshot, options), config_(Config::from(snapshot)) {
    TensorReader reader(snapshot, options.dtype);
    const std::string prefix = "visual.";
    auto convolution = [&](const std::string& name, const std::string& norm, std::int64_t out, std::int64_t in,
                           std::int64_t kernel) {
      return take_convolution(reader, name, norm, out, in, kernel, weights_, *mode_);
    };
    std::int64_t width = config_.width;
    auto stem = [&](int i, std::int64_t out, std::int64_t in) {
      return convolution(fmt::format("{}conv{}", prefix, i), fmt::format("{}bn{}", prefix, i), out, in, 3);
    };
    stem_ = {stem(1, width / 2, 3), stem(2, width / 2, width / 2), stem(3, width, width / 2)};
    std::int64_t channels = width;
    for (std::size_t stage = 0; stage < config_.stages.size(); ++stage) {
      std::int64_t inner = width << stage, outer = 4 * inner;
      for (std::int64_t i = 0; i < config_.stages[stage]; ++i) {
        std::string name = fmt::format("{}layer{}.{}", prefix, stage + 1, i);
        Bottleneck block;
        block.stride = stage > 0 && i == 0 ? 2 : 1;
        block.conv1 = convolution(name + ".conv1", name + ".bn1", inner, channels, 1);
        block.conv2 = convolution(name + ".conv2", name + ".bn2", inner, inner, 3);
        block.conv3 = convolution(name + ".conv3", name + ".bn3", outer, inner, 1);
        if (i == 0) block.shortcut = {convolution(name + ".downsample.0", name + ".downsample.1", outer, channels, 1)};
        blocks_.push_back(block);
        channels = outer;
      }
    }
    const std::string pool = prefix + "attnpool.";
    std::int64_t d = config_.embedding(), side = config_.image_size / 32;
    positions_ = weights_.add(pool + "positional_embedding",
                              reader.take(pool + "positional_embedding", {side * side + 1, d}), false, Role::embedding);
    query_ = take_linear(reader, pool + "q_proj", d, d, true, weights_);
    key_ = take_linear(reader, pool + "k_proj", d, d, true, weights_);
    value_ = take_linear(reader, pool + "v_proj", d, d, true, weights_);
    out_ = take_linear(reader, pool + "c_proj", config_.joint, d, true, weights_);
    reader.expect_all_taken({"visual", "vision_model."});
  }

  ImageOutputs encode(const at::Tensor& pixels, bool) const override {
    ImageOutputs result;
    result.last_hidden = map(pixels);
    result.hidden = result.projected = pooled(result.last_hidden);
    return result;
  }
  std::int64_t image_size() const override { return config_.image_size; }
  std::int64_t tower_width() const override { return config_.joint; }
  void scale_features(Parameter* scale, Parameter* shift) override { scale_ = scale, shift_ = shift; }

 private:
  at::Tensor feature(const at::Tensor& pixels) const override { return pooled(map(pixels)); }

  at::Tensor map(const at::Tensor& pixels) const {
    std::int64_t side = config_.image_size;
    if (pixels.dim() != 4 || pixels.size(1) != 3 || pixels.size(2) != side || pixels.size(3) != side)
      throw UsageError(fmt::format("an image of {} x {}: this image tower wants 3 channels and {} x {}",
                                   pixels.size(-2), pixels.size(-1), side, side));
    at::Tensor x = pixels;
    for (std::size_t i = 0; i < stem_.size(); ++i) x = at::relu(stem_[i](x, i == 0 ? 2 : 1));
    x = shrink(x, 2);
    for (const Bottleneck& block : blocks_) x = block(x);
    return x;
  }

  at::Tensor pooled(const at::Tensor& map) const {
    at::Tensor tokens = map.flatten(2).transpose(1, 2);
    tokens = at::cat({tokens.mean(1, /*keepdim=*/true), tokens}, 1) + positions_->use;
    std::int64_t B = tokens.size(0), d = config_.embedding(), h = config_.heads;
    auto heads = [&](const at::Tensor& x) { return x.view({B, -1, h, d / h}).transpose(1, 2); };
    at::Tensor mixed = at::scaled_dot_product_attention(heads(query_(tokens.narrow(1, 0, 1))), heads(key_(tokens)),
                                                        heads(value_(tokens)));
    at::Tensor features = out_(mixed.reshape({B, d}));
    return scale_ ? scale_->use * features + shift_->use : features;
  }

  Config config_;
  std::vector<Convolution> stem_;
  std::vector<Bottleneck> blocks_;
  Parameter* positions_;
  Linear query_, key_, value_, out_;
  Parameter *scale_ = nullptr, *shift_ = nullptr;
};

}  // namespace

bool is_modified_resnet(const Snapshot& snapshot) {
  const Value& config = snapshot.config;
  return config.contains("vision_config") && config["vision_config"].is_object() &&
         config["vision_config"].value("model_type", Value()) == "modified_resnet";
}

std::unique_ptr<ImageTower> modified_resnet(const Snapshot& snapshot, ImageTowerOptions options) {
  return std::make_unique<ModifiedResNet>(snapshot, options);
}

ImageLayout modified_resnet_layout(const Snapshot& snapshot) {
  Config config = Config::from(snapshot);
  return {.image_size = config.image_size, .width = config.joint};
}

}  // namespace winnow::model
