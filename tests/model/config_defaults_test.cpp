// Defaults of configurations against transformers' classes (reference/config_defaults.py): a key that decides results
// is read with their default, and every other key of theirs is known here as one that does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "../../src/model/vision_layout.h"
#include "../refusal.h"
#include "winnow/core/file.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/shape.h"
#include "winnow/model/text_tower.h"
#include "winnow/text/tokenizer.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;

Value table(const std::string& name) {
  return Value::parse(read_file(Path(WINNOW_SOURCE_DIR) / "tests/model/reference/config_defaults.json"))
      .at("tables")
      .at(name);
}

Snapshot sizes(const Value& config) {
  Snapshot snapshot;
  snapshot.source = "snap";
  snapshot.config = config;
  snapshot.sizes_only = true;
  return snapshot;
}

// Training alone, or what a tensor's own shape says, or a part that no tower here has; which tokens begin and fill up a
// text, its tokenizer says.
const std::set<std::string> kWithoutInfluence = {"attention_dropout",
                                                 "attention_probs_dropout_prob",
                                                 "hidden_dropout_prob",
                                                 "drop_path_rate",
                                                 "initializer_factor",
                                                 "initializer_range",
                                                 "layer_scale_init_value",
                                                 "logit_scale_init_value",
                                                 "decoder_hidden_size",
                                                 "decoder_intermediate_size",
                                                 "decoder_num_attention_heads",
                                                 "decoder_num_hidden_layers",
                                                 "mask_ratio",
                                                 "norm_pix_loss",
                                                 "encoder_stride",
                                                 "pooler_output_size",
                                                 "num_stages",
                                                 "out_features",
                                                 "out_indices",
                                                 "stage_names",
                                                 "bos_token_id",
                                                 "pad_token_id"};

void expect_known(const std::string& name, const Value& own, std::set<std::string> read) {
  for (const auto& [key, value] : own.items())
    EXPECT_TRUE(read.erase(key) || kWithoutInfluence.count(key))
        << name << "." << key << " is neither read nor known to have no influence";
  EXPECT_TRUE(read.empty()) << name << " has no " << *read.begin() << " any more";
}

void expect_vision(const VisionLayout& got, const Value& own, const std::string& name) {
  const TransformerConfig& t = got.transformer;
  EXPECT_EQ(t.width, own["hidden_size"]) << name;
  EXPECT_EQ(t.hidden, own["intermediate_size"]) << name;
  EXPECT_EQ(t.blocks, own["num_hidden_layers"]) << name;
  EXPECT_EQ(t.heads, own["num_attention_heads"]) << name;
  EXPECT_EQ(t.epsilon, own["layer_norm_eps"]) << name;
  EXPECT_EQ(t.activation, parse_activation(own["hidden_act"], name)) << name;
  EXPECT_EQ(t.qkv_bias, own.value("qkv_bias", true)) << name;
  EXPECT_EQ(got.image_size, own["image_size"]) << name;
  EXPECT_EQ(got.patch, own["patch_size"]) << name;
  EXPECT_EQ(got.channels, own["num_channels"]) << name;
}

const std::set<std::string> kVision = {"hidden_size",         "intermediate_size", "num_hidden_layers",
                                       "num_attention_heads", "layer_norm_eps",    "hidden_act",
                                       "image_size",          "patch_size",        "num_channels"};
std::set<std::string> with(std::set<std::string> keys, std::initializer_list<std::string> more) {
  keys.insert(more);
  return keys;
}

TEST(ConfigDefaults, OfVisionTransformers) {
  expect_vision(vision_layout(sizes({{"model_type", "clip"}})), table("clip.vision_config"), "clip");
  EXPECT_EQ(vision_layout(sizes({{"model_type", "clip"}})).joint, table("clip")["projection_dim"]);
  expect_vision(vision_layout(sizes({{"model_type", "siglip"}})), table("siglip.vision_config"), "siglip");
  expect_vision(vision_layout(sizes({{"model_type", "vit"}})), table("vit"), "vit");
  expect_vision(vision_layout(sizes({{"model_type", "vit_mae"}})), table("vit_mae"), "vit_mae");
  expect_known("clip", table("clip"), {"projection_dim"});
  expect_known("clip.vision_config", table("clip.vision_config"),
               with(kVision, {"projection_dim"}));  // that of the whole counts
  expect_known("siglip.vision_config", table("siglip.vision_config"), with(kVision, {"vision_use_head"}));
  expect_known("vit", table("vit"), with(kVision, {"qkv_bias", "pooler_act"}));
  expect_known("vit_mae", table("vit_mae"), with(kVision, {"qkv_bias"}));
}

TEST(ConfigDefaults, OfTextTowers) {
  for (const char* family : {"clip", "siglip"}) {
    Value own = table(std::string(family) + ".text_config");
    auto tower = text_tower(sizes({{"model_type", family}}), at::kFloat);
    EXPECT_EQ(tower->token_width(), own["hidden_size"]) << family;
    EXPECT_EQ(tower->context(), own["max_position_embeddings"]) << family;
    EXPECT_EQ(tower->width(), family == std::string("clip") ? table("clip")["projection_dim"] : own["projection_size"])
        << family;
    const std::set<std::string> keys = {"hidden_size",         "intermediate_size",       "num_hidden_layers",
                                        "num_attention_heads", "layer_norm_eps",          "hidden_act",
                                        "vocab_size",          "max_position_embeddings", "eos_token_id"};
    expect_known(family, own, with(keys, {family == std::string("clip") ? "projection_dim" : "projection_size"}));
  }
}

TEST(ConfigDefaults, OfConvolutionalNetworks) {
  Value own = table("convnext");
  Value got = shape_of(*image_tower(sizes({{"model_type", "convnext"}}), {}), nullptr);
  EXPECT_EQ(got["depths"], own["depths"]);
  EXPECT_EQ(got["width"], own["hidden_sizes"].back());
  EXPECT_EQ(got["inner_width"], own["hidden_sizes"].front());
  EXPECT_EQ(got["image_size"], own["image_size"]);
  expect_known("convnext", own,
               {"depths", "hidden_sizes", "hidden_act", "layer_norm_eps", "num_channels", "patch_size", "image_size"});
  own = table("resnet");
  got = shape_of(*image_tower(sizes({{"model_type", "resnet"}}), {}), nullptr);
  EXPECT_EQ(got["depths"], own["depths"]);
  EXPECT_EQ(got["width"], own["hidden_sizes"].back());
  EXPECT_EQ(got["inner_width"], 64);
  expect_known("resnet", own,
               {"depths", "hidden_sizes", "embedding_size", "layer_type", "hidden_act", "num_channels",
                "downsample_in_bottleneck", "downsample_in_first_stage"});
}

TEST(ConfigDefaults, OlderTablesOfAClipCount) {
  Value config = {{"model_type", "clip"},
                  {"vision_config", {{"hidden_act", "quick_gelu"}}},
                  {"vision_config_dict", {{"hidden_act", "gelu"}, {"patch_size", 16}}}};
  EXPECT_EQ(vision_layout(sizes(config)).transformer.activation, Activation::gelu);
  EXPECT_EQ(vision_layout(sizes(config)).patch, 16);
  config["vision_config"] = nullptr;
  EXPECT_EQ(vision_layout(sizes(config)).patch, 16);
  config["vision_config_dict"]["patch_size"] = {16, 8};
  EXPECT_THAT(
      refusal([&] { vision_layout(sizes(config)); }),
      HasSubstr("vision_config_dict.patch_size: expected an integer of at least 1, or two equal ones, got [16,8]"));
  EXPECT_THAT(refusal([&] {
                vision_layout(sizes({{"model_type", "siglip"}, {"vision_config", {{"vision_use_head", false}}}}));
              }),
              HasSubstr("vision_use_head"));
}

}  // namespace
}  // namespace winnow::model
