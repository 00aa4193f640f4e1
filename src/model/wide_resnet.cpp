#include "wide_resnet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "convolution.h"
#include "transformer.h"
#include "winnow/core/error.h"
#include "winnow/text/config_table.h"

namespace winnow::model {

namespace {

struct Config {
  std::int64_t depth, widening, labels, image_size;
  double dropout;
  std::int64_t blocks() const { return (depth - 4) / 6; }  // of each of three stages
  std::int64_t width(std::int64_t stage) const { return (16 << stage) * widening; }

  static Config from(const Snapshot& snapshot) {
    text::ConfigTable all(snapshot.config, snapshot.source + "/config.json");
    Config c{all.size("depth", 28), all.size("widen_factor", 10), 0, all.size("image_size", 32),
             all.real("dropout", 0)};
    if (snapshot.config.contains("num_labels")) c.labels = all.size("num_labels", 1);
    if (c.depth < 10 || (c.depth - 4) % 6 != 0)
      throw DataError(fmt::format("{}.depth: expected 6n + 4 (10, 16, 22, 28, ...), got {}", all.name(), c.depth));
    if (c.dropout < 0 || c.dropout >= 1)
      throw DataError(fmt::format("{}.dropout: expected a number from 0 to below 1, got {}", all.name(), c.dropout));
    return c;
  }
};

at::Tensor convolve(const at::Tensor& x, const Parameter& weight, std::int64_t stride) {
  std::int64_t padding = weight.value.size(2) / 2;
  return at::conv2d(x, weight.use, {}, at::IntArrayRef{stride, stride}, at::IntArrayRef{padding, padding});
}

// Normalisation and activation come before each convolution. Where a block widens, its shortcut sees the activated
// input.
struct Block {
  BatchNorm norm1, norm2;
  Parameter *conv1, *conv2, *shortcut;  // null: the identity
  Dropout dropout;
  std::int64_t stride;

  at::Tensor operator()(const at::Tensor& x) const {
    at::Tensor active = at::relu(norm1(x));
    at::Tensor inner = dropout(at::relu(norm2(convolve(active, *conv1, stride))));
    return (shortcut ? convolve(active, *shortcut, stride) : x) + convolve(inner, *conv2, 1);
  }
};

class WideResNet final : public ImageTower {
 public:
  WideResNet(const Snapshot& snapshot, ImageTowerOptions options)
      : ImageTower(snapshot, options), config_(Config::from(snapshot)) {
    TensorReader reader(snapshot, options.dtype);
    auto take = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel) {
      return weights_.add(name, reader.take(name, {out, in, kernel, kernel}), false, Role::matrix);
    };
    stem_ = take("conv1.weight", 16, 3, 3);
    std::int64_t channels = 16;
    for (std::int64_t stage = 0; stage < 3; ++stage)
      for (std::int64_t i = 0; i < config_.blocks(); ++i) {
        std::string name = fmt::format("block{}.layer.{}", stage + 1, i);
        std::int64_t out = config_.width(stage);
        Block block;
        block.stride = stage > 0 && i == 0 ? 2 : 1;
        block.norm1 = take_batch_norm(reader, name + ".bn1", channels, weights_, *mode_);
        block.conv1 = take(name + ".conv1.weight", out, channels, 3);
        block.norm2 = take_batch_norm(reader, name + ".bn2", out, weights_, *mode_);
        block.conv2 = take(name + ".conv2.weight", out, out, 3);
        block.shortcut = channels == out ? nullptr : take(name + ".convShortcut.weight", out, channels, 1);
        block.dropout = {config_.dropout, mode_->add_dropout(), mode_.get()};
        blocks_.push_back(block);
        channels = out;
      }
    norm_ = take_batch_norm(reader, "bn1", channels, weights_, *mode_);
    if (config_.labels > 0) classifier_ = take_linear(reader, "fc", config_.labels, channels, true, weights_);
    reader.expect_all_taken({""});
  }

  ImageOutputs encode(const at::Tensor& pixels, bool) const override {
    ImageOutputs result;
    result.last_hidden = map(pixels);
    result.hidden = result.last_hidden.mean({2, 3});
    if (config_.labels > 0) result.logits = classifier_(result.hidden);
    return result;
  }
  std::int64_t image_size() const override { return config_.image_size; }
  std::int64_t tower_width() const override { return config_.width(2); }
  std::int64_t classes() const override { return config_.labels; }

 private:
  at::Tensor feature(const at::Tensor& pixels) const override { return map(pixels).mean({2, 3}); }

  at::Tensor map(const at::Tensor& pixels) const {
    if (pixels.dim() != 4 || pixels.size(1) != 3)
      throw UsageError(fmt::format("images with {} channels: this image tower wants 3", pixels.size(1)));
    at::Tensor x = convolve(pixels, *stem_, 1);
    for (const Block& block : blocks_) x = block(x);
    return at::relu(norm_(x));
  }

  Config config_;
  Parameter* stem_;
  std::vector<Block> blocks_;
  BatchNorm norm_;
  Linear classifier_{};
};

}  // namespace

std::unique_ptr<ImageTower> wide_resnet(const Snapshot& snapshot, ImageTowerOptions options) {
  return std::make_unique<WideResNet>(snapshot, options);
}

ImageLayout wide_resnet_layout(const Snapshot& snapshot) {
  Config config = Config::from(snapshot);
  return {.image_size = config.image_size, .width = config.width(2)};
}

}  // namespace winnow::model
