// The same tower under Hugging Face's and timm's names gives the same features. Numbers against the libraries: golden
// cases of kind model.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../refusal.h"
#include "winnow/core/error.h"
#include "winnow/model/image_layout.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;

Snapshot golden(const std::string& name) {
  return read_snapshot(Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots" / name);
}

std::string replaced(std::string text, const std::vector<std::pair<std::string, std::string>>& pairs) {
  for (const auto& [from, to] : pairs)
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  return text;
}

at::Tensor image() { return at::linspace(-1, 1, 2 * 3 * 64 * 64).sin().view({2, 3, 64, 64}); }

void expect_same(const Snapshot& one, const Snapshot& other) {
  ImageOutputs want = image_tower(one, {})->encode(image()), got = image_tower(other, {})->encode(image());
  EXPECT_TRUE(at::allclose(got.hidden, want.hidden, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(got.logits, want.logits, 1e-4, 1e-5));
}

TEST(Naming, ResNetOfTimm) {
  for (const char* name : {"resnet", "resnet-basic"}) {
    Snapshot ours = golden(name), timm;
    timm.source = "timm";
    timm.config = {{"architecture", "resnet50"}};
    for (const auto& [key, tensor] : ours.tensors) {
      std::string renamed = replaced(key, {{"resnet.embedder.embedder.convolution", "conv1"},
                                           {"resnet.embedder.embedder.normalization", "bn1"},
                                           {"resnet.encoder.stages.", "stage"},
                                           {".layers.", "."},
                                           {"shortcut.convolution", "downsample.0"},
                                           {"shortcut.normalization", "downsample.1"},
                                           {"classifier.1", "fc"}});
      for (int i = 3; i >= 0; --i) {  // counted from 1 there
        renamed = replaced(renamed, {{fmt::format("stage{}", i), fmt::format("layer{}", i + 1)}});
        renamed = replaced(renamed, {{fmt::format(".layer.{}.convolution", i), fmt::format(".conv{}", i + 1)},
                                     {fmt::format(".layer.{}.normalization", i), fmt::format(".bn{}", i + 1)}});
      }
      timm.tensors[renamed] = tensor;
    }
    expect_same(ours, timm);
  }
}

TEST(Naming, ConvNextOfTimm) {
  Snapshot ours = golden("convnext"), timm;
  ours.config["layer_norm_eps"] = 1e-6;  // as timm's last LayerNorm has it
  timm.source = "timm";
  timm.config = {{"architecture", "convnext_tiny"},
                 {"model_args", {{"depths", ours.config["depths"]}, {"dims", ours.config["hidden_sizes"]}}}};
  for (const auto& [key, tensor] : ours.tensors)
    timm.tensors[replaced(key, {{"convnext.embeddings.patch_embeddings", "stem.0"},
                                {"convnext.embeddings.layernorm", "stem.1"},
                                {"convnext.encoder.", ""},
                                {"downsampling_layer", "downsample"},
                                {".layers.", ".blocks."},
                                {"dwconv", "conv_dw"},
                                {"pwconv1", "mlp.fc1"},
                                {"pwconv2", "mlp.fc2"},
                                {"layer_scale_parameter", "gamma"},
                                {"convnext.layernorm", "head.norm"},
                                {".layernorm", ".norm"},
                                {"classifier", "head.fc"}})] = tensor;
  expect_same(ours, timm);
}

TEST(Naming, SiglipOfTimm) {
  Snapshot ours = golden("siglip"), timm;
  ours.config["vision_config"]["hidden_act"] = "gelu";
  timm.source = "timm";
  const Value& sizes = ours.config["vision_config"];
  timm.config = {{"architecture", "vit_base_patch16_siglip_224"},
                 {"model_args",
                  {{"img_size", 32},
                   {"patch_size", 8},
                   {"embed_dim", 32},
                   {"depth", sizes["num_hidden_layers"]},
                   {"num_heads", 4},
                   {"mlp_ratio", 2}}}};
  std::map<std::string, at::Tensor> stacked;  // query, key, value of a block
  for (const auto& [key, tensor] : ours.tensors) {
    if (!key.starts_with("vision_model.")) continue;
    std::string name = replaced(key, {{"vision_model.encoder.layers.", "blocks."},
                                      {"vision_model.embeddings.patch_embedding", "patch_embed.proj"},
                                      {"vision_model.embeddings.position_embedding.weight", "pos_embed"},
                                      {"vision_model.post_layernorm", "norm"},
                                      {"vision_model.head.probe", "attn_pool.latent"},
                                      {"vision_model.head.attention.out_proj", "attn_pool.proj"},
                                      {"vision_model.head.layernorm", "attn_pool.norm"},
                                      {"vision_model.head.mlp", "attn_pool.mlp"},
                                      {"layer_norm1", "norm1"},
                                      {"layer_norm2", "norm2"},
                                      {"self_attn.out_proj", "attn.proj"}});
    if (name.find("in_proj") != std::string::npos) {
      std::string kind = name.ends_with("weight") ? ".weight" : ".bias";
      timm.tensors["attn_pool.q" + kind] = tensor.narrow(0, 0, 32);
      timm.tensors["attn_pool.kv" + kind] = tensor.narrow(0, 32, 64);
    } else if (std::size_t at = name.find("self_attn."); at != std::string::npos) {
      std::string block = name.substr(0, at), kind = name.substr(name.rfind('.'));
      std::string base = key.substr(0, key.find("self_attn.") + 10);
      timm.tensors[block + "attn.qkv" + kind] =
          at::cat({ours.tensors.at(base + "q_proj" + kind), ours.tensors.at(base + "k_proj" + kind),
                   ours.tensors.at(base + "v_proj" + kind)});
    } else {
      timm.tensors[name] = name == "pos_embed" ? tensor.unsqueeze(0) : tensor;
    }
  }
  at::Tensor pixels = image().narrow(2, 0, 32).narrow(3, 0, 32);
  EXPECT_TRUE(at::allclose(image_tower(timm, {})->encode(pixels).hidden, image_tower(ours, {})->encode(pixels).hidden,
                           1e-4, 1e-5));
}

TEST(Naming, WrongFamiliesAndMissingKeysAreNamed) {
  Snapshot snapshot = golden("resnet");
  snapshot.config["model_type"] = "convnex";
  EXPECT_THAT(refusal([&] { image_tower(snapshot, {}); }),
              HasSubstr("model_type 'convnex' is not known (did you mean 'convnext'?)"));
  snapshot.config.erase("model_type");
  EXPECT_THAT(refusal([&] { image_tower(snapshot, {}); }),
              HasSubstr("neither model_type (Hugging Face) nor architecture (timm)"));
  snapshot.config["architecture"] = "efficientnet_b0";
  EXPECT_THAT(refusal([&] { image_tower(snapshot, {}); }), HasSubstr("architecture 'efficientnet_b0' is not known"));
  snapshot = golden("vit-classifier");
  snapshot.config["model_type"] = "convnext";
  EXPECT_THAT(refusal([&] { image_tower(snapshot, {}); }), HasSubstr("is missing"));
  snapshot = golden("vit-classifier");
  snapshot.tensors["vit.encoder.layer.7.extra"] = at::zeros({1});
  EXPECT_THAT(refusal([&] { image_tower(snapshot, {}); }),
              HasSubstr("1 tensors that this architecture does not have: vit.encoder.layer.7.extra"));
  snapshot = golden("vit-classifier");
  snapshot.config["hidden_size"] = "wide";
  EXPECT_THAT(refusal([&] { image_tower(snapshot, {}); }),
              HasSubstr("hidden_size: expected an integer of at least 1, got \"wide\""));
}

TEST(Naming, EveryTowerTellsItsSizesWithoutWeights) {
  EXPECT_EQ(image_layout(golden("vit-classifier")).image_size, 32);
  EXPECT_EQ(image_layout(golden("vit-classifier")).blocks, 2);
  EXPECT_EQ(image_layout(golden("convnext")).blocks, 0);
  EXPECT_EQ(image_layout(golden("open-clip-resnet")).image_size, 64);
}

}  // namespace
}  // namespace winnow::model
