#include "open_clip.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/text/open_clip_config.h"
#include "winnow/text/read_files.h"

namespace winnow::model {

namespace {

using Shape = std::vector<std::int64_t>;

class Translation {
 public:
  Translation(const Snapshot& from, Snapshot& to) : reader_(from, at::kFloat), to_(to) {}

  void rename(const std::string& from, const std::string& to, const Shape& shape) {
    to_.tensors[to] = reader_.stored(from, shape);
  }
  // A matrix that multiplies from the right there and stands as a linear layer's here.
  void transpose(const std::string& from, const std::string& to, std::int64_t in, std::int64_t out) {
    to_.tensors[to] = reader_.stored(from, {in, out}).t().contiguous();
  }
  void norm(const std::string& from, const std::string& to, std::int64_t width) {
    rename(from + ".weight", to + ".weight", {width});
    rename(from + ".bias", to + ".bias", {width});
  }
  void linear(const std::string& from, const std::string& to, std::int64_t out, std::int64_t in) {
    rename(from + ".weight", to + ".weight", {out, in});
    rename(from + ".bias", to + ".bias", {out});
  }
  void encoder(const std::string& from, const std::string& to, const text::OpenClipConfig::Encoder& e) {
    for (std::int64_t i = 0; i < e.blocks; ++i) {
      std::string old = fmt::format("{}.resblocks.{}", from, i), name = fmt::format("{}.layers.{}", to, i);
      norm(old + ".ln_1", name + ".layer_norm1", e.width);
      attention(old + ".attn", name + ".self_attn", e.width);
      norm(old + ".ln_2", name + ".layer_norm2", e.width);
      linear(old + ".mlp.c_fc", name + ".mlp.fc1", e.hidden, e.width);
      linear(old + ".mlp.c_proj", name + ".mlp.fc2", e.width, e.hidden);
    }
  }
  // What another part of winnow checks and takes.
  void keep(const std::string& name, const at::Tensor& tensor) {
    reader_.ignore(name);
    to_.tensors[name] = tensor;
  }
  void finish() const { reader_.expect_all_taken({""}); }

 private:
  // nn.MultiheadAttention stacks query, key and value in this order.
  void attention(const std::string& from, const std::string& to, std::int64_t width) {
    std::vector<at::Tensor> matrices = reader_.stored(from + ".in_proj_weight", {3 * width, width}).chunk(3);
    std::vector<at::Tensor> biases = reader_.stored(from + ".in_proj_bias", {3 * width}).chunk(3);
    const char* parts[] = {"q_proj", "k_proj", "v_proj"};
    for (std::size_t i = 0; i < 3; ++i) {
      to_.tensors[fmt::format("{}.{}.weight", to, parts[i])] = matrices[i];
      to_.tensors[fmt::format("{}.{}.bias", to, parts[i])] = biases[i];
    }
    linear(from + ".out_proj", to + ".out_proj", width, width);
  }

  TensorReader reader_;
  Snapshot& to_;
};

void image_transformer(Translation& translation, const text::OpenClipConfig& c) {
  std::int64_t d = c.image.width, side = c.image_size / c.patch;
  const std::string embeddings = "vision_model.embeddings.";
  translation.rename("visual.class_embedding", embeddings + "class_embedding", {d});
  translation.rename("visual.conv1.weight", embeddings + "patch_embedding.weight", {d, 3, c.patch, c.patch});
  translation.rename("visual.positional_embedding", embeddings + "position_embedding.weight", {side * side + 1, d});
  translation.norm("visual.ln_pre", "vision_model.pre_layrnorm", d);
  translation.encoder("visual.transformer", "vision_model.encoder", c.image);
  translation.norm("visual.ln_post", "vision_model.post_layernorm", d);
  translation.transpose("visual.proj", "visual_projection.weight", d, c.joint);
}

void text_transformer(Translation& translation, const text::OpenClipConfig& c) {
  std::int64_t d = c.text.width;
  const std::string embeddings = "text_model.embeddings.";
  translation.rename("token_embedding.weight", embeddings + "token_embedding.weight", {c.vocabulary, d});
  translation.rename("positional_embedding", embeddings + "position_embedding.weight", {c.context, d});
  translation.encoder("transformer", "text_model.encoder", c.text);
  translation.norm("ln_final", "text_model.final_layer_norm", d);
  translation.transpose("text_projection", "text_projection.weight", d, c.joint);
}

}  // namespace

Snapshot from_open_clip(const Snapshot& stored) {
  text::OpenClipConfig config = text::OpenClipConfig::from(stored.config, stored.source);
  Snapshot result;
  static_cast<text::SnapshotFiles&>(result) = text::from_open_clip(stored);
  Translation translation(stored, result);
  if (config.stages.empty()) {
    image_transformer(translation, config);
  } else {
    for (const auto& [name, tensor] : stored.tensors)
      if (name.starts_with("visual.")) translation.keep(name, tensor);
  }
  text_transformer(translation, config);
  translation.rename("logit_scale", "logit_scale", {});
  translation.finish();
  return result;
}

}  // namespace winnow::model
