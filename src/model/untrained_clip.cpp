// Hugging Face's initialisation of a CLIP (CLIPPreTrainedModel._init_weights, initializer_factor 1), drawn from our
// streams.
#include "winnow/model/untrained_clip.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "winnow/core/stream.h"
#include "winnow/model/random_tensor.h"

namespace winnow::model {

namespace {

class Initialiser {
 public:
  Initialiser(Snapshot& snapshot, std::uint64_t seed) : snapshot_(snapshot), seed_(seed) {}

  void normal(const std::string& name, std::vector<std::int64_t> shape, double deviation) {
    snapshot_.tensors[name] =
        model::normal(shape, 0, deviation, Streams(seed_, "init." + name).at(0, 0)).to(at::kFloat);
  }
  void fill(const std::string& name, std::vector<std::int64_t> shape, double value) {
    snapshot_.tensors[name] = at::full(shape, value, at::kFloat);
  }
  void norm(const std::string& name, std::int64_t width) {
    fill(name + ".weight", {width}, 1);
    fill(name + ".bias", {width}, 0);
  }
  void linear(const std::string& name, std::int64_t out, std::int64_t in, double deviation) {
    normal(name + ".weight", {out, in}, deviation);
    fill(name + ".bias", {out}, 0);
  }

  void encoder(const std::string& prefix, std::int64_t width, std::int64_t blocks) {
    double depth = std::pow(2.0 * static_cast<double>(blocks), -0.5), w = static_cast<double>(width);
    double in = std::pow(w, -0.5) * depth, out = std::pow(w, -0.5), fc = std::pow(2 * w, -0.5);
    for (std::int64_t i = 0; i < blocks; ++i) {
      std::string name = fmt::format("{}.layers.{}", prefix, i);
      norm(name + ".layer_norm1", width);
      for (const char* part : {"q_proj", "k_proj", "v_proj"})
        linear(fmt::format("{}.self_attn.{}", name, part), width, width, in);
      linear(name + ".self_attn.out_proj", width, width, out);
      norm(name + ".layer_norm2", width);
      linear(name + ".mlp.fc1", 4 * width, width, fc);
      linear(name + ".mlp.fc2", width, 4 * width, in);
    }
  }

 private:
  Snapshot& snapshot_;
  std::uint64_t seed_;
};

Value config_of(const ClipSizes& s) {
  Value image = {{"hidden_act", "gelu"},
                 {"hidden_size", s.width},
                 {"image_size", s.image_size},
                 {"intermediate_size", 4 * s.width},
                 {"model_type", "clip_vision_model"},
                 {"num_attention_heads", s.heads},
                 {"num_channels", 3},
                 {"num_hidden_layers", s.blocks},
                 {"patch_size", s.patch},
                 {"projection_dim", s.joint},
                 {"layer_norm_eps", 1e-5}};
  Value text = {{"hidden_act", "gelu"},
                {"hidden_size", s.text_width},
                {"intermediate_size", 4 * s.text_width},
                {"max_position_embeddings", s.context},
                {"model_type", "clip_text_model"},
                {"num_attention_heads", s.text_heads},
                {"num_hidden_layers", s.text_blocks},
                {"projection_dim", s.joint},
                {"vocab_size", s.vocabulary},
                {"eos_token_id", s.end_token},
                {"bos_token_id", s.end_token - 1},
                {"pad_token_id", s.end_token},
                {"layer_norm_eps", 1e-5}};
  return {{"architectures", {"CLIPModel"}}, {"model_type", "clip"},
          {"projection_dim", s.joint},      {"text_config", text},
          {"vision_config", image},         {"torch_dtype", "float32"}};
}

}  // namespace

Snapshot untrained_clip(const ClipSizes& s, std::uint64_t seed) {
  Snapshot snapshot;
  snapshot.source = "an untrained CLIP";
  snapshot.config = config_of(s);
  Initialiser init(snapshot, seed);
  std::int64_t tokens = (s.image_size / s.patch) * (s.image_size / s.patch) + 1;
  auto rsqrt = [](std::int64_t n) { return std::pow(static_cast<double>(n), -0.5); };
  init.normal("vision_model.embeddings.class_embedding", {s.width}, rsqrt(s.width));
  init.normal("vision_model.embeddings.patch_embedding.weight", {s.width, 3, s.patch, s.patch}, 0.02);
  init.normal("vision_model.embeddings.position_embedding.weight", {tokens, s.width}, 0.02);
  init.norm("vision_model.pre_layrnorm", s.width);
  init.encoder("vision_model.encoder", s.width, s.blocks);
  init.norm("vision_model.post_layernorm", s.width);
  init.normal("visual_projection.weight", {s.joint, s.width}, rsqrt(s.width));
  init.normal("text_model.embeddings.token_embedding.weight", {s.vocabulary, s.text_width}, 0.02);
  init.normal("text_model.embeddings.position_embedding.weight", {s.context, s.text_width}, 0.02);
  init.encoder("text_model.encoder", s.text_width, s.text_blocks);
  init.norm("text_model.final_layer_norm", s.text_width);
  init.normal("text_projection.weight", {s.joint, s.text_width}, rsqrt(s.text_width));
  init.fill("logit_scale", {}, std::log(1 / s.temperature));
  return snapshot;
}

}  // namespace winnow::model
