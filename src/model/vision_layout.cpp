#include "vision_layout.h"

#include <fmt/format.h>

#include "timm_architecture.h"
#include "winnow/core/error.h"
#include "winnow/text/config_table.h"
#include "winnow/text/family.h"

namespace winnow::model {

namespace {

TransformerConfig transformer_of(const text::ConfigTable& table, std::int64_t width, std::int64_t hidden,
                                 const char* activation, double epsilon) {
  TransformerConfig config;
  config.width = table.size("hidden_size", width);
  config.hidden = table.size("intermediate_size", hidden);
  config.blocks = table.size("num_hidden_layers", 12);
  config.heads = table.size("num_attention_heads", 12);
  config.epsilon = table.real("layer_norm_eps", epsilon);
  config.activation = parse_activation(table.text("hidden_act", activation), table.name() + ".hidden_act");
  return config;
}

bool has_any(const Snapshot& snapshot, const std::string& prefix) {
  auto found = snapshot.tensors.lower_bound(prefix);
  return found != snapshot.tensors.end() && found->first.starts_with(prefix);
}

// Rows of a classifier, from its tensor: config.json counts them by a table of names that may be left out.
std::int64_t rows_of(const Snapshot& snapshot, const std::string& tensor) {
  auto found = snapshot.tensors.find(tensor);
  return found == snapshot.tensors.end() || found->second.dim() == 0 ? 0 : found->second.size(0);
}

void take_sizes(VisionLayout& layout, const text::ConfigTable& table, std::int64_t patch) {
  layout.image_size = table.side("image_size", 224);
  layout.patch = table.side("patch_size", patch);
  layout.channels = table.size("num_channels", 3);
}

VisionLayout clip(const Snapshot& snapshot, const text::ConfigTable& all) {
  text::ConfigTable table = section_of(snapshot, "vision_config");
  VisionLayout layout;
  take_sizes(layout, table, 32);
  layout.transformer = transformer_of(table, 768, 3072, "quick_gelu", 1e-5);
  const std::string embeddings = "vision_model.embeddings.";
  layout.blocks = clip_blocks("vision_model.encoder.layers.");
  layout.class_token = embeddings + "class_embedding";
  layout.class_token_shape = {layout.transformer.width};
  layout.patches = embeddings + "patch_embedding";
  layout.patch_bias = false;
  layout.positions = embeddings + "position_embedding.weight";
  layout.positions_shape = {layout.grid() * layout.grid() + 1, layout.transformer.width};
  layout.norm_before = "vision_model.pre_layrnorm";  // spelt so in every snapshot
  layout.norm_after = "vision_model.post_layernorm";
  layout.last_hidden_normed = false;
  layout.projection = "visual_projection.weight";
  layout.joint = all.size("projection_dim", 512);
  layout.below = {"vision_model.", "visual"};
  layout.unused = {embeddings + "position_ids"};
  return layout;
}

VisionLayout siglip(const text::ConfigTable& all) {
  text::ConfigTable table = all.table("vision_config");
  if (!table.flag("vision_use_head", true))
    throw DataError(
        fmt::format("{}.vision_use_head: false is not supported: features are those of the pool", table.name()));
  VisionLayout layout;
  take_sizes(layout, table, 16);
  layout.transformer = transformer_of(table, 768, 3072, "gelu_pytorch_tanh", 1e-6);
  const std::string embeddings = "vision_model.embeddings.";
  layout.blocks = clip_blocks("vision_model.encoder.layers.");
  layout.patches = embeddings + "patch_embedding";
  layout.positions = embeddings + "position_embedding.weight";
  layout.positions_shape = {layout.grid() * layout.grid(), layout.transformer.width};
  layout.norm_after = "vision_model.post_layernorm";
  layout.pool = "vision_model.head.";
  layout.below = {"vision_model."};
  layout.unused = {embeddings + "position_ids"};
  return layout;
}

VisionLayout vit(const Snapshot& snapshot, const text::ConfigTable& all) {
  VisionLayout layout;
  take_sizes(layout, all, 16);
  layout.transformer = transformer_of(all, 768, 3072, "gelu", 1e-12);
  layout.transformer.qkv_bias = all.flag("qkv_bias", true);
  const std::string prefix = has_any(snapshot, "vit.") ? "vit." : "";
  const std::string embeddings = prefix + "embeddings.";
  layout.blocks = vit_blocks(prefix + "encoder.layer.");
  layout.class_token = embeddings + "cls_token";
  layout.class_token_shape = {1, 1, layout.transformer.width};
  layout.patches = embeddings + "patch_embeddings.projection";
  layout.positions = embeddings + "position_embeddings";
  layout.positions_shape = {1, layout.grid() * layout.grid() + 1, layout.transformer.width};
  layout.norm_after = prefix + "layernorm";
  if (has_any(snapshot, prefix + "pooler.")) {
    layout.pooler = prefix + "pooler.dense";
    if (std::string act = all.text("pooler_act", "tanh"); act != "tanh")
      throw DataError(fmt::format("{}.pooler_act: '{}' is not known; known: tanh", all.name(), act));
  }
  if (has_any(snapshot, "classifier.")) layout.classifier = "classifier";
  layout.classes = rows_of(snapshot, "classifier.weight");
  layout.below = {""};
  layout.unused = {"decoder.", embeddings + "mask_token"};  // MAE's decoder; masked-image models' token
  return layout;
}

VisionLayout timm(const Snapshot& snapshot, text::Family family) {
  TimmArchitecture own(snapshot, {"img_size", "patch_size", "in_chans", "embed_dim", "depth", "num_heads", "mlp_ratio",
                                  "qkv_bias", "act_layer"});
  bool siglip = family == text::Family::siglip;
  own.require_pool(siglip ? "map" : "token");
  VisionLayout layout;
  layout.image_size = own.image_size();
  layout.patch = own.size("patch_size");
  layout.channels = own.arguments().size("in_chans", 3);
  TransformerConfig& t = layout.transformer;
  t.width = own.size("embed_dim");
  t.blocks = own.size("depth");
  t.heads = own.size("num_heads");
  double ratio = static_cast<double>(own.own_size("hidden")) / static_cast<double>(own.own_size("embed_dim"));
  t.hidden = own.arguments().has("mlp_ratio") || t.width != own.own_size("embed_dim")
                 ? static_cast<std::int64_t>(static_cast<double>(t.width) *
                                             own.arguments().real("mlp_ratio", ratio))  // Python's int()
                 : own.own_size("hidden");
  t.qkv_bias = own.flag("qkv_bias");
  std::string act = own.text("act_layer");
  if (act == "quickgelu") act = "quick_gelu";  // both are timm's words
  t.activation =
      act == "gelu_tanh" ? Activation::gelu_tanh : parse_activation(act, own.arguments().name() + ".act_layer");
  t.epsilon = own.real("eps");
  layout.blocks = timm_blocks();
  if (!siglip) {
    layout.class_token = "cls_token";
    layout.class_token_shape = {1, 1, t.width};
  } else {
    layout.pool = "attn_pool.";
  }
  layout.patches = "patch_embed.proj";
  layout.patch_bias = own.own_size("patch_bias") != 0;
  layout.positions = "pos_embed";
  layout.positions_shape = {1, layout.grid() * layout.grid() + (siglip ? 0 : 1), t.width};
  layout.antialias = true;
  if (own.own_size("pre_norm")) layout.norm_before = "norm_pre";
  layout.norm_after = "norm";
  if (has_any(snapshot, "head.")) layout.classifier = "head";
  layout.classes = rows_of(snapshot, "head.weight");
  layout.below = {""};
  return layout;
}

}  // namespace

VisionLayout vision_layout(const Snapshot& snapshot) {
  text::ConfigTable all(snapshot.config, snapshot.source + "/config.json");
  text::Kind kind = kind_of(snapshot);
  VisionLayout layout;
  if (kind.timm) layout = timm(snapshot, kind.family);
  else if (kind.family == text::Family::clip) layout = clip(snapshot, all);
  else if (kind.family == text::Family::siglip) layout = siglip(all);
  else layout = vit(snapshot, all);
  text::require_multiple(all.name(), "hidden_size", layout.transformer.width, "num_attention_heads",
                         layout.transformer.heads);
  text::require_multiple(all.name(), "image_size", layout.image_size, "patch_size", layout.patch);
  return layout;
}

}  // namespace winnow::model
