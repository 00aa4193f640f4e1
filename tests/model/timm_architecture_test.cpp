// What names of timm's mean: src/model/timm_architectures.txt, which reference/timm_architectures.py writes.
#include "../../src/model/timm_architecture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "../../src/model/vision_layout.h"
#include "../refusal.h"
#include "winnow/core/file.h"
#include "winnow/model/image_tower.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;

Snapshot timm(const Value& config) {
  Snapshot snapshot;
  snapshot.source = "snap";
  snapshot.config = config;
  return snapshot;
}
VisionLayout layout(const Value& config) { return vision_layout(timm(config)); }

TEST(TimmArchitecture, EveryVisionTransformerOfTheTableIsReadSoOrRefusedByName) {
  std::ifstream table(Path(WINNOW_SOURCE_DIR) / "src/model/timm_architectures.txt");
  int read = 0, refused = 0;
  for (std::string line; std::getline(table, line);) {
    if (!line.starts_with("vit_")) continue;
    std::string name = line.substr(0, line.find(' '));
    std::map<std::string, std::string> want;
    std::istringstream entries(line);
    for (std::string entry; entries >> entry;)
      if (std::size_t at = entry.find('='); at != std::string::npos) want[entry.substr(0, at)] = entry.substr(at + 1);
    try {
      VisionLayout got = layout({{"architecture", name}});
      const TransformerConfig& t = got.transformer;
      EXPECT_EQ(std::to_string(got.image_size), want["img_size"]) << name;
      EXPECT_EQ(std::to_string(got.patch), want["patch_size"]) << name;
      EXPECT_EQ(std::to_string(t.width), want["embed_dim"]) << name;
      EXPECT_EQ(std::to_string(t.blocks), want["depth"]) << name;
      EXPECT_EQ(std::to_string(t.heads), want["num_heads"]) << name;
      EXPECT_EQ(std::to_string(t.hidden), want["hidden"]) << name;
      EXPECT_EQ(t.epsilon, std::stod(want["eps"])) << name;
      EXPECT_EQ(got.class_token.empty(), want["class_token"] == "0") << name;
      EXPECT_EQ(got.norm_before.empty(), want["pre_norm"] == "0") << name;
      EXPECT_EQ(got.patch_bias, want["patch_bias"] == "1") << name;
      EXPECT_EQ(t.activation, want["act_layer"] == "gelu"        ? Activation::gelu
                              : want["act_layer"] == "gelu_tanh" ? Activation::gelu_tanh
                                                                 : Activation::quick_gelu)
          << name;
      ++read;
    } catch (const DataError& error) {
      EXPECT_TRUE(want.empty() || want["global_pool"] == "avg" ||
                  std::stoi(want["img_size"]) % std::stoi(want["patch_size"]) != 0)
          << error.what();
      ++refused;
    }
  }
  EXPECT_GT(read, 40);
  EXPECT_GT(refused, 40);
}

TEST(TimmArchitecture, SizesOfImagesComeInThreeWays) {
  const char* name = "vit_tiny_patch16_224";
  EXPECT_EQ(layout({{"architecture", name}}).image_size, 224);
  EXPECT_EQ(layout({{"architecture", name}, {"pretrained_cfg", {{"input_size", {3, 384, 384}}}}}).image_size, 384);
  EXPECT_EQ(layout({{"architecture", name},
                    {"model_args",
                     {{"img_size", {96, 96}}, {"in_chans", 3}, {"num_classes", 21843}, {"global_pool", "token"}}}})
                .image_size,
            96);
  EXPECT_EQ(layout({{"architecture", name},
                    {"model_args", {{"img_size", 96}}},
                    {"pretrained_cfg", {{"input_size", {3, 384, 384}}}}})
                .image_size,
            96);
  EXPECT_THAT(refusal([&] {
                layout({{"architecture", name}, {"model_args", {{"img_size", {96, 64}}}}});
              }),
              HasSubstr("img_size: expected an integer of at least 1, or two equal ones, got [96,64]"));
  EXPECT_THAT(refusal([&] {
                layout({{"architecture", name}, {"pretrained_cfg", {{"input_size", {3, 96, 64}}}}});
              }),
              HasSubstr("input_size: expected [3, R, R]"));
}

TEST(TimmArchitecture, WhatChangesTheNetworkIsReadOrRefused) {
  auto refused = [](const std::string& name, const Value& arguments) {
    return refusal([&] { layout({{"architecture", name}, {"model_args", arguments}}); });
  };
  const char* name = "vit_tiny_patch16_224";
  EXPECT_EQ(layout({{"architecture", name}, {"model_args", {{"act_layer", "gelu_tanh"}, {"qkv_bias", false}}}})
                .transformer.qkv_bias,
            false);
  for (const char* key : {"reg_tokens", "init_values", "qk_norm", "norm_layer", "class_tokens"})
    EXPECT_THAT(refused(name, {{key, "x"}}), HasSubstr(std::string(key) + ": x is not supported")) << key;
  EXPECT_EQ(refused(name, {{"class_token", true},
                           {"drop_path_rate", 0.1},
                           {"dynamic_img_size", true},
                           {"qk_norm", false},
                           {"init_values", nullptr}}),
            "accepted");
  EXPECT_THAT(refused(name, {{"global_pool", "avg"}}),
              HasSubstr("global_pool 'avg' of 'vit_tiny_patch16_224' is not supported; winnow reads 'token'"));
  EXPECT_THAT(refused("vit_base_patch16_siglip_gap_224", Value::object()), HasSubstr("global_pool 'avg'"));
}

TEST(TimmArchitecture, VariantsThatAreNotSupportedAreNamed) {
  auto refused = [](const char* name) { return refusal([&] { image_tower(timm({{"architecture", name}}), {}); }); };
  EXPECT_THAT(refused("resnet50d"),
              HasSubstr("the architecture 'resnet50d' is not supported: its stem is deep or tiered"));
  EXPECT_THAT(refused("resnet50_gn"), HasSubstr("is not supported: its normalisation is no BatchNorm"));
  EXPECT_THAT(refused("resnetaa50"), HasSubstr("is not supported: its stem's pool is not the largest value"));
  EXPECT_THAT(refused("resnetv2_50"), HasSubstr("is not supported: it is a ResNetV2"));
  EXPECT_THAT(refused("convnext_tiny_hnf"), HasSubstr("is not supported: it normalises before the pool"));
  EXPECT_THAT(refused("vit_small_patch14_reg4_dinov2"), HasSubstr("is not supported: "));
  EXPECT_THAT(refused("resnet5"), HasSubstr("architecture 'resnet5' is not known (did you mean '"));
}

}  // namespace
}  // namespace winnow::model
