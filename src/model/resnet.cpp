#include "resnet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>

#include "convolution.h"
#include "timm_architecture.h"
#include "transformer.h"
#include "winnow/core/error.h"
#include "winnow/text/config_table.h"
#include "winnow/text/family.h"

namespace winnow::model {

namespace {

struct Sizes {
  std::int64_t channels = 3, embedding = 64, image_size = 224;  // of training: Hugging Face's configuration has none
  std::vector<std::int64_t> widths, depths;
  double widening = 1;  // of the 3x3 convolutions of bottlenecks: 2 in wide_resnet50_2
  bool bottleneck = true, stride_in_first = false, shrinks_at_once = false;
};

// {} is the stage, the block, the layer.
struct Names {
  std::array<std::string, 2> stem, shortcut, layer;  // convolution, normalisation
  std::string classifier;
  std::int64_t first_stage, first_layer;  // counted from
};

Names hugging_face(const Snapshot& snapshot) {
  auto found = snapshot.tensors.lower_bound("resnet.");
  const std::string p = found != snapshot.tensors.end() && found->first.starts_with("resnet.") ? "resnet." : "";
  const std::string block = p + "encoder.stages.{}.layers.{}.", stem = p + "embedder.embedder.";
  return {{stem + "convolution", stem + "normalization"},
          {block + "shortcut.convolution", block + "shortcut.normalization"},
          {block + "layer.{}.convolution", block + "layer.{}.normalization"},
          "classifier.1",
          0,
          0};
}

Names timm() {
  return {{"conv1", "bn1"},
          {"layer{}.{}.downsample.0", "layer{}.{}.downsample.1"},
          {"layer{}.{}.conv{}", "layer{}.{}.bn{}"},
          "fc",
          1,
          1};
}

Sizes hugging_face_sizes(const Snapshot& snapshot) {
  text::ConfigTable all(snapshot.config, snapshot.source + "/config.json");
  Sizes s;
  s.channels = all.size("num_channels", 3);
  s.embedding = all.size("embedding_size", 64);
  s.widths = all.sizes("hidden_sizes", {256, 512, 1024, 2048});
  s.depths = all.sizes("depths", {3, 4, 6, 3});
  std::string type = all.text("layer_type", "bottleneck");
  if (type != "bottleneck" && type != "basic")
    throw DataError(fmt::format("{}.layer_type: '{}' is not known; known: basic, bottleneck", all.name(), type));
  if (std::string act = all.text("hidden_act", "relu"); act != "relu")
    throw DataError(fmt::format("{}.hidden_act: '{}' is not known; known: relu", all.name(), act));
  s.bottleneck = type == "bottleneck";
  s.widening = static_cast<double>(all.size("width_per_group", 64)) / 64;  // torchvision's word
  s.stride_in_first = all.flag("downsample_in_bottleneck", false);
  s.shrinks_at_once = all.flag("downsample_in_first_stage", false);
  if (s.depths.size() != s.widths.size())
    throw DataError(fmt::format("{}: {} depths and {} hidden_sizes", all.name(), s.depths.size(), s.widths.size()));
  return s;
}

// timm's config.json names the variant, which must be one of this form; the sizes are those of its tensors.
Sizes timm_sizes(const Snapshot& snapshot) {
  TimmArchitecture own(snapshot, {"in_chans"});
  own.require_pool("avg");
  Sizes s;
  s.image_size = own.image_size();
  s.bottleneck = snapshot.tensors.count("layer1.0.conv3.weight") != 0;
  const char* last = s.bottleneck ? "conv3" : "conv2";
  auto rows = [&](const std::string& name, std::int64_t axis) {
    auto found = snapshot.tensors.find(name);
    if (found == snapshot.tensors.end() || found->second.dim() != 4)
      throw DataError(fmt::format("{}: tensor '{}' of a ResNet is missing", snapshot.source, name));
    return found->second.size(axis);
  };
  s.embedding = rows("conv1.weight", 0);
  s.channels = rows("conv1.weight", 1);
  for (int stage = 1; snapshot.tensors.count(fmt::format("layer{}.0.{}.weight", stage, last)); ++stage) {
    s.widths.push_back(rows(fmt::format("layer{}.0.{}.weight", stage, last), 0));
    s.depths.push_back(0);
    while (snapshot.tensors.count(fmt::format("layer{}.{}.{}.weight", stage, s.depths.back(), last))) ++s.depths.back();
  }
  if (s.bottleneck)
    s.widening = 4.0 * static_cast<double>(rows("layer1.0.conv1.weight", 0)) / static_cast<double>(s.widths.at(0));
  if (s.widths.empty())
    throw DataError(fmt::format("{}: no tensors of a ResNet (layer1.0.conv1.weight, ...)", snapshot.source));
  return s;
}

Sizes sizes_of(const Snapshot& snapshot) {
  return kind_of(snapshot).timm ? timm_sizes(snapshot) : hugging_face_sizes(snapshot);
}

class ResNet final : public ImageTower {
 public:
  ResNet(const Snapshot& snapshot, ImageTowerOptions options) : ImageTower(snapshot, options) {
    bool is_timm = kind_of(snapshot).timm;
    sizes_ = sizes_of(snapshot);
    Names names = is_timm ? timm() : hugging_face(snapshot);
    TensorReader reader(snapshot, options.dtype);
    auto take = [&](const std::array<std::string, 2>& pair, std::int64_t out, std::int64_t in, std::int64_t kernel,
                    auto... at) {
      return take_convolution(reader, fmt::format(fmt::runtime(pair[0]), at...),
                              fmt::format(fmt::runtime(pair[1]), at...), out, in, kernel, weights_, *mode_);
    };
    stem_.push_back(take(names.stem, sizes_.embedding, sizes_.channels, 7));
    std::int64_t channels = sizes_.embedding;
    for (std::size_t i = 0; i < sizes_.depths.size(); ++i)
      for (std::int64_t j = 0; j < sizes_.depths[i]; ++j) {
        std::int64_t out = sizes_.widths[i],
                     inner = sizes_.bottleneck
                                 ? static_cast<std::int64_t>(static_cast<double>(out / 4) * sizes_.widening)
                                 : out;
        std::int64_t stage = names.first_stage + static_cast<std::int64_t>(i), first = names.first_layer;
        Block block;
        block.stride = j == 0 && (i > 0 || sizes_.shrinks_at_once) ? 2 : 1;
        if (channels != out || block.stride != 1)
          block.shortcut.push_back(take(names.shortcut, out, channels, 1, stage, j));
        if (sizes_.bottleneck)
          block.layers = {take(names.layer, inner, channels, 1, stage, j, first),
                          take(names.layer, inner, inner, 3, stage, j, first + 1),
                          take(names.layer, out, inner, 1, stage, j, first + 2)};
        else
          block.layers = {take(names.layer, out, channels, 3, stage, j, first),
                          take(names.layer, out, out, 3, stage, j, first + 1)};
        block.strided = sizes_.bottleneck && !sizes_.stride_in_first ? 1 : 0;
        blocks_.push_back(block);
        channels = out;
      }
    std::int64_t labels = reader.has(names.classifier + ".weight") ? reader.rows(names.classifier + ".weight")
                          : snapshot.sizes_only && snapshot.tensors.empty()
                              ? snapshot.config.value("num_labels", std::int64_t{0})
                              : 0;
    if (labels > 0) classifier_.push_back(take_linear(reader, names.classifier, labels, channels, true, weights_));
    reader.expect_all_taken({""});
  }

  ImageOutputs encode(const at::Tensor& pixels, bool) const override {
    ImageOutputs result;
    result.last_hidden = map(pixels);
    result.hidden = result.last_hidden.mean({2, 3});
    if (!classifier_.empty()) result.logits = classifier_[0](result.hidden);
    return result;
  }
  std::int64_t image_size() const override { return sizes_.image_size; }
  std::int64_t tower_width() const override { return sizes_.widths.back(); }
  std::int64_t classes() const override { return classifier_.empty() ? 0 : classifier_[0].weight->value.size(0); }

 private:
  struct Block {
    std::vector<Convolution> layers, shortcut;  // shortcut: one, or none: the identity
    std::size_t strided;                        // the layer that has the stride
    std::int64_t stride;
  };

  at::Tensor feature(const at::Tensor& pixels) const override { return map(pixels).mean({2, 3}); }

  at::Tensor map(const at::Tensor& pixels) const {
    if (pixels.dim() != 4 || pixels.size(1) != sizes_.channels)
      throw UsageError(
          fmt::format("images with {} channels: this image tower wants {}", pixels.size(1), sizes_.channels));
    at::Tensor x = at::max_pool2d(at::relu(stem_[0](pixels, 2)), {3, 3}, {2, 2}, {1, 1});
    for (const Block& block : blocks_) {
      at::Tensor y = x;
      for (std::size_t i = 0; i < block.layers.size(); ++i) {
        y = block.layers[i](y, i == block.strided ? block.stride : 1);
        if (i + 1 < block.layers.size()) y = at::relu(y);
      }
      x = at::relu(y + (block.shortcut.empty() ? x : block.shortcut[0](x, block.stride)));
    }
    return x;
  }

  Sizes sizes_;
  std::vector<Convolution> stem_;  // one
  std::vector<Block> blocks_;
  std::vector<Linear> classifier_;  // one or none
};

}  // namespace

std::unique_ptr<ImageTower> resnet(const Snapshot& snapshot, ImageTowerOptions options) {
  return std::make_unique<ResNet>(snapshot, options);
}

ImageLayout resnet_layout(const Snapshot& snapshot) {
  Sizes sizes = sizes_of(snapshot);
  return {.image_size = sizes.image_size, .width = sizes.widths.back()};
}

}  // namespace winnow::model
