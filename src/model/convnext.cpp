#include "convnext.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "timm_architecture.h"
#include "transformer.h"
#include "winnow/core/error.h"
#include "winnow/text/config_table.h"
#include "winnow/text/family.h"

namespace winnow::model {

namespace {

// {} is the stage, then the block.
struct Names {
  std::string stem, stem_norm, down_norm, down, block;
  std::string depthwise, norm, in, out, scale;  // below a block
  std::string last_norm, classifier;
};

Names hugging_face(const Snapshot& snapshot) {
  auto found = snapshot.tensors.lower_bound("convnext.");
  const std::string p = found != snapshot.tensors.end() && found->first.starts_with("convnext.") ? "convnext." : "";
  return {p + "embeddings.patch_embeddings",
          p + "embeddings.layernorm",
          p + "encoder.stages.{}.downsampling_layer.0",
          p + "encoder.stages.{}.downsampling_layer.1",
          p + "encoder.stages.{}.layers.{}.",
          "dwconv",
          "layernorm",
          "pwconv1",
          "pwconv2",
          "layer_scale_parameter",
          p + "layernorm",
          "classifier"};
}

Names timm() {
  return {"stem.0",
          "stem.1",
          "stages.{}.downsample.0",
          "stages.{}.downsample.1",
          "stages.{}.blocks.{}.",
          "conv_dw",
          "norm",
          "mlp.fc1",
          "mlp.fc2",
          "gamma",
          "head.norm",
          "head.fc"};
}

struct Sizes {
  std::vector<std::int64_t> depths, widths;
  std::int64_t channels = 3, patch = 4, image_size = 224;
  Activation activation = Activation::gelu;
  double epsilon = 1e-6, last_epsilon = 1e-6;  // of the blocks; of the last one
};

Sizes sizes_of(const Snapshot& snapshot, bool timm) {
  text::ConfigTable all(snapshot.config, snapshot.source + "/config.json");
  Sizes s;
  if (!timm) {
    s.depths = all.sizes("depths", {3, 3, 9, 3});
    s.widths = all.sizes("hidden_sizes", {96, 192, 384, 768});
    s.channels = all.size("num_channels", 3);
    s.patch = all.side("patch_size", 4);
    s.image_size = all.side("image_size", 224);
    s.activation = parse_activation(all.text("hidden_act", "gelu"), all.name() + ".hidden_act");
    s.last_epsilon = all.real("layer_norm_eps", 1e-12);
  } else {
    TimmArchitecture own(snapshot, {"depths", "dims", "in_chans"});
    own.require_pool("avg");
    s.depths = own.sizes("depths");
    s.widths = own.sizes("dims");
    s.channels = own.arguments().size("in_chans", 3);
    s.patch = own.own_size("patch_size");
    s.image_size = own.image_size();
    std::string act = own.text("act_layer");
    s.activation =
        act == "gelu_tanh" ? Activation::gelu_tanh : parse_activation(act, own.arguments().name() + ".act_layer");
    s.epsilon = s.last_epsilon = own.real("eps");
  }
  if (s.depths.size() != s.widths.size())
    throw DataError(fmt::format("{}: {} depths and {} widths of stages", all.name(), s.depths.size(), s.widths.size()));
  return s;
}

class ConvNext final : public ImageTower {
 public:
  ConvNext(const Snapshot& snapshot, ImageTowerOptions options) : ImageTower(snapshot, options) {
    bool is_timm = kind_of(snapshot).timm;
    sizes_ = sizes_of(snapshot, is_timm);
    Names names = is_timm ? timm() : hugging_face(snapshot);
    TensorReader reader(snapshot, options.dtype);
    std::int64_t width = sizes_.widths[0];
    stem_ = convolution(reader, names.stem, {width, sizes_.channels, sizes_.patch, sizes_.patch});
    stem_norm_ = take_norm(reader, names.stem_norm, width, sizes_.epsilon, weights_);
    for (std::size_t i = 0; i < sizes_.depths.size(); ++i) {
      Stage stage;
      if (i > 0) {
        stage.norm.push_back(
            take_norm(reader, fmt::format(fmt::runtime(names.down_norm), i), width, sizes_.epsilon, weights_));
        stage.down.push_back(
            convolution(reader, fmt::format(fmt::runtime(names.down), i), {sizes_.widths[i], width, 2, 2}));
      }
      width = sizes_.widths[i];
      for (std::int64_t j = 0; j < sizes_.depths[i]; ++j) {
        std::string name = fmt::format(fmt::runtime(names.block), i, j);
        ConvBlock block;
        block.depthwise = convolution(reader, name + names.depthwise, {width, 1, 7, 7});
        block.norm = take_norm(reader, name + names.norm, width, sizes_.epsilon, weights_);
        block.in = take_linear(reader, name + names.in, 4 * width, width, true, weights_);
        block.out = take_linear(reader, name + names.out, width, 4 * width, true, weights_);
        if (std::string scale = name + names.scale; reader.has(scale))
          block.scale = weights_.add(scale, reader.take(scale, {width}), false);
        stage.blocks.push_back(block);
      }
      stages_.push_back(stage);
    }
    last_ = take_norm(reader, names.last_norm, width, sizes_.last_epsilon, weights_);
    if (reader.has(names.classifier + ".weight"))
      classifier_.push_back(
          take_linear(reader, names.classifier, reader.rows(names.classifier + ".weight"), width, true, weights_));
    reader.expect_all_taken({""});
  }

  ImageOutputs encode(const at::Tensor& pixels, bool) const override {
    ImageOutputs result;
    result.last_hidden = map(pixels);
    result.hidden = last_(result.last_hidden.mean({2, 3}));
    if (!classifier_.empty()) result.logits = classifier_[0](result.hidden);
    return result;
  }
  std::int64_t image_size() const override { return sizes_.image_size; }
  std::int64_t tower_width() const override { return sizes_.widths.back(); }

 private:
  struct Kernel {
    Parameter *weight, *bias;
    at::Tensor operator()(const at::Tensor& x, std::int64_t stride, std::int64_t padding, std::int64_t groups) const {
      return at::conv2d(x, weight->use, bias->use, at::IntArrayRef{stride, stride}, at::IntArrayRef{padding, padding},
                        at::IntArrayRef{1, 1}, groups);
    }
  };
  struct ConvBlock {
    Kernel depthwise;
    LayerNorm norm;
    Linear in, out;
    Parameter* scale = nullptr;
  };
  struct Stage {
    std::vector<LayerNorm> norm;  // before the next two, of every stage but the first
    std::vector<Kernel> down;
    std::vector<ConvBlock> blocks;
  };

  Kernel convolution(TensorReader& reader, const std::string& name, const std::vector<std::int64_t>& shape) {
    return {weights_.add(name + ".weight", reader.take(name + ".weight", shape), false, Role::matrix),
            weights_.add(name + ".bias", reader.take(name + ".bias", {shape[0]}), false, Role::bias)};
  }

  static at::Tensor last_axis(const at::Tensor& x) { return x.permute({0, 2, 3, 1}); }
  static at::Tensor first_axis(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }

  at::Tensor feature(const at::Tensor& pixels) const override { return last_(map(pixels).mean({2, 3})); }

  at::Tensor map(const at::Tensor& pixels) const {
    if (pixels.dim() != 4 || pixels.size(1) != sizes_.channels)
      throw UsageError(
          fmt::format("images with {} channels: this image tower wants {}", pixels.size(1), sizes_.channels));
    at::Tensor x = first_axis(stem_norm_(last_axis(stem_(pixels, sizes_.patch, 0, 1))));
    for (const Stage& stage : stages_) {
      if (!stage.down.empty()) x = stage.down[0](first_axis(stage.norm[0](last_axis(x))), 2, 0, 1);
      for (const ConvBlock& block : stage.blocks) {
        at::Tensor y = block.norm(last_axis(block.depthwise(x, 1, 3, x.size(1))));
        y = block.out(activate(sizes_.activation, block.in(y)));
        if (block.scale) y = block.scale->use * y;
        x = x + first_axis(y);
      }
    }
    return x;
  }

  Sizes sizes_;
  Kernel stem_;
  LayerNorm stem_norm_, last_;
  std::vector<Stage> stages_;
  std::vector<Linear> classifier_;  // one or none
};

}  // namespace

std::unique_ptr<ImageTower> convnext(const Snapshot& snapshot, ImageTowerOptions options) {
  return std::make_unique<ConvNext>(snapshot, options);
}

ImageLayout convnext_layout(const Snapshot& snapshot) {
  Sizes sizes = sizes_of(snapshot, kind_of(snapshot).timm);
  return {.image_size = sizes.image_size, .width = sizes.widths.back()};
}

}  // namespace winnow::model
