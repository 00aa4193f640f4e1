#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "../folder.h"
#include "../refusal.h"
#include "tiny_clip.h"
#include "winnow/core/error.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/model/clip.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/text_tower.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// OpenAI's names for Hugging Face's: the other way round than winnow translates, written out independently.
void encoder(const Snapshot& from, const std::string& name, std::int64_t blocks, Snapshot& to,
             const std::string& target) {
  auto at = [&](const std::string& tensor) { return from.tensors.at(tensor); };
  for (std::int64_t i = 0; i < blocks; ++i) {
    std::string block = fmt::format("{}.layers.{}.", name, i), mine = fmt::format("{}.resblocks.{}.", target, i);
    for (const char* kind : {"weight", "bias"}) {
      std::string dot = std::string(".") + kind;
      to.tensors[mine + "attn.in_proj_" + kind] =
          at::cat({at(block + "self_attn.q_proj" + dot), at(block + "self_attn.k_proj" + dot),
                   at(block + "self_attn.v_proj" + dot)});
      to.tensors[mine + "attn.out_proj" + dot] = at(block + "self_attn.out_proj" + dot);
      to.tensors[mine + "ln_1" + dot] = at(block + "layer_norm1" + dot);
      to.tensors[mine + "ln_2" + dot] = at(block + "layer_norm2" + dot);
      to.tensors[mine + "mlp.c_fc" + dot] = at(block + "mlp.fc1" + dot);
      to.tensors[mine + "mlp.c_proj" + dot] = at(block + "mlp.fc2" + dot);
    }
  }
}

void text_tower(const Snapshot& from, Snapshot& to) {
  encoder(from, "text_model.encoder", 1, to, "transformer");
  to.tensors["token_embedding.weight"] = from.tensors.at("text_model.embeddings.token_embedding.weight");
  to.tensors["positional_embedding"] = from.tensors.at("text_model.embeddings.position_embedding.weight");
  to.tensors["ln_final.weight"] = from.tensors.at("text_model.final_layer_norm.weight");
  to.tensors["ln_final.bias"] = from.tensors.at("text_model.final_layer_norm.bias");
  to.tensors["text_projection"] = from.tensors.at("text_projection.weight").t();
  to.tensors["logit_scale"] = from.tensors.at("logit_scale");
}

Value config_with(const Value& vision) {
  Value text = {{"context_length", 6}, {"vocab_size", 20}, {"width", 12}, {"heads", 2}, {"layers", 1}};
  return {{"model_cfg", {{"embed_dim", 10}, {"vision_cfg", vision}, {"text_cfg", text}}},
          {"preprocess_cfg", {{"mean", {0.5, 0.5, 0.5}}, {"std", {0.25, 0.25, 0.25}}, {"interpolation", "bilinear"}}}};
}

Snapshot open_clip_vit() {
  Snapshot from = tiny_clip(), to;
  to.config = config_with({{"layers", 2}, {"width", 16}, {"head_width", 8}, {"patch_size", 4}, {"image_size", 8}});
  text_tower(from, to);
  encoder(from, "vision_model.encoder", 2, to, "visual.transformer");
  to.tensors["visual.class_embedding"] = from.tensors.at("vision_model.embeddings.class_embedding");
  to.tensors["visual.conv1.weight"] = from.tensors.at("vision_model.embeddings.patch_embedding.weight");
  to.tensors["visual.positional_embedding"] = from.tensors.at("vision_model.embeddings.position_embedding.weight");
  for (const char* kind : {"weight", "bias"}) {
    to.tensors[fmt::format("visual.ln_pre.{}", kind)] =
        from.tensors.at(fmt::format("vision_model.pre_layrnorm.{}", kind));
    to.tensors[fmt::format("visual.ln_post.{}", kind)] =
        from.tensors.at(fmt::format("vision_model.post_layernorm.{}", kind));
  }
  to.tensors["visual.proj"] = from.tensors.at("visual_projection.weight").t();
  return to;
}

// Width 4, one bottleneck a stage, images of 64 x 64: a last map of 2 x 2.
Snapshot open_clip_resnet() {
  Snapshot to;
  to.config = config_with(
      {{"layers", {1, 1, 1, 1}}, {"width", 4}, {"head_width", 32}, {"image_size", 64}, {"patch_size", nullptr}});
  text_tower(tiny_clip(), to);
  auto fill = [&](const std::string& name, std::vector<std::int64_t> shape, double scale, double centre) {
    std::int64_t n = c10::multiply_integers(shape);
    double phase = static_cast<double>(to.tensors.size());
    to.tensors["visual." + name] = (at::sin(at::arange(n, at::kFloat) * 1.7 + phase) * scale + centre).view(shape);
  };
  auto convolution = [&](const std::string& name, const std::string& norm, std::int64_t out, std::int64_t in,
                         std::int64_t kernel) {
    fill(name + ".weight", {out, in, kernel, kernel}, 2 / std::sqrt(static_cast<double>(in * kernel * kernel)), 0);
    fill(norm + ".weight", {out}, 0.2, 1);
    fill(norm + ".bias", {out}, 0.2, 0);
    fill(norm + ".running_mean", {out}, 0.2, 0);
    fill(norm + ".running_var", {out}, 0.2, 1);
    to.tensors["visual." + norm + ".num_batches_tracked"] = at::ones({}, at::kLong);
  };
  convolution("conv1", "bn1", 2, 3, 3);
  convolution("conv2", "bn2", 2, 2, 3);
  convolution("conv3", "bn3", 4, 2, 3);
  std::int64_t in = 4;
  for (int stage = 0; stage < 4; ++stage) {
    std::string name = fmt::format("layer{}.0.", stage + 1);
    std::int64_t inner = 4 << stage, out = 4 * inner;
    convolution(name + "conv1", name + "bn1", inner, in, 1);
    convolution(name + "conv2", name + "bn2", inner, inner, 3);
    convolution(name + "conv3", name + "bn3", out, inner, 1);
    convolution(name + "downsample.0", name + "downsample.1", out, in, 1);
    in = out;
  }
  fill("attnpool.positional_embedding", {5, 128}, 0.1, 0);
  for (const char* part : {"q_proj", "k_proj", "v_proj", "c_proj"}) {
    std::int64_t out = std::string(part) == "c_proj" ? 10 : 128;
    fill(fmt::format("attnpool.{}.weight", part), {out, 128}, 0.1, 0);
    fill(fmt::format("attnpool.{}.bias", part), {out}, 0.1, 0);
  }
  return to;
}

// A folder as open_clip leaves it.
class OpenClip : public testing::Test {
 protected:
  Snapshot read(const Snapshot& stored) {
    fs::remove_all(folder_);
    write_snapshot(folder_, stored);
    fs::rename(folder_ / "config.json", folder_ / "open_clip_config.json");
    fs::rename(folder_ / "model.safetensors", folder_ / "open_clip_model.safetensors");
    return read_snapshot(folder_);
  }
  std::string refusal_of(const Snapshot& stored) {
    return refusal([&] { image_tower(read(stored), {}); });
  }
  Folder folder_;
};

at::Tensor image_features(const Snapshot& snapshot, const at::Tensor& pixels) {
  return image_tower(snapshot, {at::kFloat, FeatureKind::embedding})->rows(pixels).features();
}

at::Tensor text_features(const Snapshot& snapshot, const at::Tensor& tokens) {
  return text_tower(snapshot, at::kFloat)->rows(tokens).features();
}

at::Tensor pixels(std::int64_t side) {
  return at::sin(at::arange(3 * 3 * side * side, at::kFloat).pow(1.2)).view({3, 3, side, side});
}

TEST_F(OpenClip, TransformerIsTheSameUnderBothNames) {
  Snapshot want = tiny_clip(), got = read(open_clip_vit());
  require_whole(got);
  ASSERT_EQ(got.tensors.size(), want.tensors.size());
  for (const auto& [name, tensor] : want.tensors) EXPECT_TRUE(at::equal(got.tensors.at(name), tensor)) << name;
  EXPECT_TRUE(at::equal(image_features(got, pixels(8)), image_features(want, pixels(8))));
  at::Tensor tokens = at::tensor({18, 4, 7, 19, 0, 0, 18, 5, 19, 0, 0, 0}, at::kLong).view({2, 6});
  EXPECT_TRUE(at::equal(text_features(got, tokens), text_features(want, tokens)));
  // Pooled at the largest id, whatever it is.
  at::Tensor smaller = at::tensor({3, 4, 17, 5, 0, 0}, at::kLong).view({1, 6});
  EXPECT_FALSE(at::equal(text_features(got, smaller), text_features(want, smaller)));
}

TEST_F(OpenClip, QuickGeluHoldsForBothTowers) {
  Snapshot stored = open_clip_vit(), plain = tiny_clip();
  stored.config["model_cfg"]["quick_gelu"] = true;
  Snapshot got = read(stored);
  plain.config["vision_config"]["hidden_act"] = "quick_gelu";
  plain.config["text_config"]["hidden_act"] = "quick_gelu";
  EXPECT_TRUE(at::equal(image_features(got, pixels(8)), image_features(plain, pixels(8))));
  at::Tensor tokens = at::tensor({18, 4, 7, 19, 0, 0}, at::kLong).view({1, 6});
  EXPECT_TRUE(at::equal(text_features(got, tokens), text_features(plain, tokens)));
}

TEST_F(OpenClip, BringsAPreprocessor) {
  Value json = Value::parse(read(open_clip_vit()).files.at("preprocessor_config.json"));
  EXPECT_EQ(json["image_mean"], Value({0.5, 0.5, 0.5}));
  EXPECT_EQ(json["size"], Value({{"shortest_edge", 8}}));
  EXPECT_EQ(json["resample"], 2);
  Snapshot stored = open_clip_vit();
  stored.config["preprocess_cfg"]["resize_mode"] = "squash";
  EXPECT_EQ(Value::parse(read(stored).files.at("preprocessor_config.json"))["size"],
            Value({{"height", 8}, {"width", 8}}));
  stored.config["preprocess_cfg"]["resize_mode"] = "longest";
  EXPECT_THAT(
      refusal_of(stored),
      HasSubstr(
          "open_clip_config.json: preprocess_cfg.resize_mode: \"longest\" is not known; known: shortest, squash"));
}

TEST_F(OpenClip, ConfigJsonWinsWhereBothAreThere) {
  read(open_clip_vit());
  write_snapshot(folder_, tiny_clip());
  EXPECT_EQ(read_snapshot(folder_).config, tiny_clip().config);
}

TEST_F(OpenClip, FoldersAreCheckedFirst) {
  make_folders(folder_);
  write_file_atomically(folder_ / "open_clip_config.json", "{");
  EXPECT_THAT(refusal([&] { read_snapshot(folder_); }), HasSubstr("open_clip_config.json is not JSON"));
  write_file_atomically(folder_ / "open_clip_config.json", "{}");
  EXPECT_THAT(refusal([&] { read_snapshot(folder_); }), HasSubstr("open_clip_model.safetensors is missing"));
  write_file_atomically(folder_ / "open_clip_pytorch_model.bin", "x");
  EXPECT_THAT(refusal([&] { read_snapshot(folder_); }), HasSubstr("pickles are never read"));
}

TEST_F(OpenClip, SaysWhichKeyIsWrong) {
  struct Damage {
    const char *path, *value, *message;
  };
  for (const Damage& damage : std::initializer_list<Damage>{
           {"", "{}", "open_clip_config.json: model_cfg is missing or not a table"},
           {"/model_cfg/text_cfg", "3", "model_cfg.text_cfg is missing or not a table"},
           {"/model_cfg/embed_dim", "null", "model_cfg.embed_dim is missing"},
           {"/model_cfg/embed_dim", "\"10\"", "model_cfg.embed_dim: expected an integer of at least 1, got \"10\""},
           {"/model_cfg/quick_gelu", "1", "model_cfg.quick_gelu: expected true or false, got 1"},
           {"/model_cfg/custom_text", "true", "model_cfg.custom_text: a setting that winnow's CLIP does not have"},
           {"/model_cfg/custom_text", "false", "accepted"},
           {"/model_cfg/vision_cfg/head_widths", "8",
            "vision_cfg.head_widths: a setting that winnow's CLIP does not have (did you mean"},
           {"/model_cfg/vision_cfg/head_width", "5", "vision_cfg: width 16 is no multiple of head_width 5"},
           {"/model_cfg/vision_cfg/patch_size", "3", "vision_cfg: image_size 8 is no multiple of patch_size 3"},
           {"/model_cfg/vision_cfg/mlp_ratio", "-1", "vision_cfg.mlp_ratio: expected a positive number, got -1"},
           {"/model_cfg/vision_cfg/layers", "[1, 1]",
            "vision_cfg.layers: expected a number of blocks, or four of a ResNet's stages"},
           {"/model_cfg/text_cfg/heads", "0", "text_cfg.heads: expected an integer of at least 1, got 0"},
           {"/preprocess_cfg/interpolation", "\"nearest\"", "preprocess_cfg.interpolation: \"nearest\" is not known"},
           {"/preprocess_cfg", "[]", "preprocess_cfg is not a table"}}) {
    Snapshot stored = open_clip_vit();
    stored.config[Value::json_pointer(damage.path)] = Value::parse(damage.value);
    EXPECT_THAT(refusal_of(stored), HasSubstr(damage.message)) << damage.path;
  }
}

TEST_F(OpenClip, SaysWhichTensorIsWrong) {
  for (const auto& [name, tensor] : open_clip_vit().tensors) {
    Snapshot stored = open_clip_vit();
    stored.tensors.erase(name);
    EXPECT_THAT(refusal_of(stored), HasSubstr(fmt::format("tensor '{}' is missing", name)));
  }
  Snapshot stored = open_clip_vit();
  stored.tensors["visual.proj"] = at::zeros({10, 16});
  EXPECT_THAT(refusal_of(stored),
              HasSubstr("tensor 'visual.proj' has shape [10, 16], the configuration wants [16, 10]"));
  stored = open_clip_vit();
  stored.tensors["visual.transformer.resblocks.2.ln_1.weight"] = at::ones({16});
  EXPECT_THAT(refusal_of(stored),
              HasSubstr("1 tensors that this architecture does not have: visual.transformer.resblocks.2.ln_1.weight"));
}

TEST_F(OpenClip, ModifiedResNetSaysWhichTensorIsWrong) {
  Snapshot good = read(open_clip_resnet());
  auto build = [](const Snapshot& snapshot) { image_tower(snapshot, {}); };
  EXPECT_EQ(refusal([&] { build(good); }), "accepted");
  for (const auto& [name, tensor] : good.tensors) {
    if (!name.starts_with("visual.") || name.ends_with("num_batches_tracked")) continue;
    Snapshot damaged = good;
    damaged.tensors.erase(name);
    EXPECT_THAT(refusal([&] { build(damaged); }), HasSubstr(fmt::format("tensor '{}' is missing", name)));
  }
  Snapshot stored = open_clip_resnet();
  stored.tensors.erase("ln_final.weight");
  EXPECT_THAT(refusal_of(stored), HasSubstr("tensor 'ln_final.weight' is missing"));
  stored = open_clip_resnet();
  stored.tensors["visual.layer1.1.conv1.weight"] = at::zeros({4, 16, 1, 1});
  EXPECT_THAT(refusal_of(stored),
              HasSubstr("1 tensors that this architecture does not have: visual.layer1.1.conv1.weight"));
}

TEST_F(OpenClip, ModifiedResNetMapsRowsByThemselves) {
  Snapshot snapshot = read(open_clip_resnet());
  at::Tensor all = image_features(snapshot, pixels(64));
  EXPECT_EQ(all.sizes(), (std::vector<std::int64_t>{3, 10}));
  EXPECT_GT((all[0] - all[1]).abs().max().item<float>(), 1e-4f);
  EXPECT_TRUE(at::allclose(image_features(snapshot, pixels(64).narrow(0, 1, 1)), all.narrow(0, 1, 1), 1e-4, 1e-5));
  EXPECT_THAT(refusal([&] { image_features(snapshot, pixels(96)); }), HasSubstr("wants 3 channels and 64 x 64"));
}

TEST_F(OpenClip, ModifiedResNetIsWrittenAndReadInOurForm) {
  Snapshot snapshot = read(open_clip_resnet());
  at::Tensor want = image_features(snapshot, pixels(64));
  Path again = folder_ / "again";
  write_snapshot(again, snapshot);
  EXPECT_TRUE(at::equal(image_features(read_snapshot(again), pixels(64)), want));
  snapshot.config["vision_config"]["layers"] = {1, 1, 0, 1};
  EXPECT_THAT(refusal([&] { image_features(snapshot, pixels(64)); }),
              HasSubstr("layers: expected integers of at least 1"));
  snapshot.config["vision_config"]["layers"] = {1, 1, 1};
  EXPECT_THAT(refusal([&] { image_features(snapshot, pixels(64)); }),
              HasSubstr("expected the numbers of blocks of 4 stages"));
}

TEST_F(OpenClip, ModifiedResNetIsAdaptedWhereItCan) {
  Snapshot snapshot = read(open_clip_resnet());
  at::Tensor tokens = at::arange(24, at::kLong).view({4, 6}).remainder(20);
  auto tower = [&](const char* adapt) {
    ClassifierOptions options;
    options.adapt = adapt;
    options.adaptation.classes = 4;
    return classifier_architecture(snapshot, options)->tower("main", TowerKind::image);
  };
  EXPECT_EQ(tower("linear-probe")->width(), 10);
  EXPECT_EQ(tower("linear-probe")->weights().trainable_values(), 0);
  EXPECT_EQ(text_head_rows(snapshot, ClassifierOptions{.adapt = "linear-probe"}, {tokens}, at::kFloat).size(1), 10);
  EXPECT_EQ(tower("ssf-attn")->weights().trainable_values(), 2 * 10);
  for (const char* adapt : {"bn-tuning", "bias-tuning", "full-tuning"}) {
    auto tuned = tower(adapt);
    EXPECT_GT(tuned->weights().trainable_values(), 0) << adapt;
    for (const Parameter& parameter : tuned->weights().all()) {
      bool statistics = parameter.name.find("running_") != std::string::npos;
      EXPECT_FALSE(statistics && parameter.trainable) << parameter.name;
    }
  }
  EXPECT_THAT(refusal([&] { tower("adaptformer"); }), HasSubstr("is convolutional and has no transformer blocks"));
}

}  // namespace
}  // namespace winnow::model
