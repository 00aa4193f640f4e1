#include "winnow/model/clip.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "winnow/core/error.h"
#include "winnow/model/classifier_architecture.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;

Snapshot tiny() {
  return untrained_clip({.image_size = 8, .patch = 4, .width = 16, .blocks = 2, .heads = 2, .text_width = 12, .text_blocks = 1, .text_heads = 2,
                         .context = 6, .vocabulary = 20, .end_token = 19, .joint = 10, .temperature = 0.07},
                        3);
}

ClassifierOptions options(const std::string& adapt, const std::string& init = "random") {
  return {adapt, 0, init, 25, 4, at::arange(24, at::kLong).view({4, 6}).remainder(20), 0, at::kFloat};
}

at::Tensor features(const Snapshot& snapshot, const std::string& adapt) {
  at::Tensor pixels = at::linspace(-1, 1, 2 * 3 * 64).view({2, 3, 8, 8});
  return classifier_architecture(snapshot, options(adapt))->tower("main", TowerKind::image)->rows(pixels).features();
}

std::int64_t trainable(Tower& tower) {
  std::int64_t count = 0;
  for (const Parameter& parameter : tower.weights().all())
    if (parameter.trainable) count += parameter.value.numel();
  return count;
}

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Clip, SnapshotFolderRoundTrip) {
  Path folder = Path(testing::TempDir()) / "winnow-clip-test";
  std::filesystem::remove_all(folder);
  Snapshot snapshot = tiny();
  write_snapshot(folder, snapshot);
  Snapshot read = read_snapshot(folder);
  EXPECT_EQ(read.config, snapshot.config);
  ASSERT_EQ(read.tensors.size(), snapshot.tensors.size());
  for (const auto& [name, tensor] : snapshot.tensors) EXPECT_TRUE(at::equal(read.tensors.at(name), tensor)) << name;
  EXPECT_TRUE(at::equal(features(read, "full-tuning"), features(snapshot, "full-tuning")));
  std::filesystem::remove_all(folder);
}

TEST(Clip, StackedParametersSplitBackIntoTheSnapshotsNames) {
  Snapshot snapshot = tiny();
  ClipImageTower image(snapshot, at::kFloat, FeatureKind::hidden, ClipImageTower::Train::all);
  ClipTextTower text(snapshot, at::kFloat, true);
  std::map<std::string, at::Tensor> parameters{{"logit_scale", snapshot.tensors.at("logit_scale")}};
  for (Tower* tower : {static_cast<Tower*>(&image), static_cast<Tower*>(&text)})
    for (const Parameter& parameter : tower->weights().all()) parameters[parameter.name] = parameter.value;
  auto split = snapshot_layout(parameters);
  ASSERT_EQ(split.size(), snapshot.tensors.size());
  for (const auto& [name, tensor] : snapshot.tensors) EXPECT_TRUE(at::equal(split.at(name), tensor)) << name;
}

TEST(Clip, SaysWhichTensorIsWrong) {
  Snapshot snapshot = tiny();
  auto build = [&] { features(snapshot, "linear-probe"); };
  at::Tensor good = snapshot.tensors.at("visual_projection.weight");
  snapshot.tensors["visual_projection.weight"] = at::zeros({10, 15});
  EXPECT_THAT(refusal(build), HasSubstr("tensor 'visual_projection.weight' has shape [10, 15], the configuration wants [10, 16]"));
  snapshot.tensors.erase("visual_projection.weight");
  EXPECT_THAT(refusal(build), HasSubstr("tensor 'visual_projection.weight' is missing"));
  snapshot.tensors["visual_projection.weight"] = good;
  snapshot.tensors["vision_model.encoder.layers.2.layer_norm1.weight"] = at::ones({16});
  EXPECT_THAT(refusal(build), HasSubstr("1 tensors that this architecture does not have: vision_model.encoder.layers.2"));
  snapshot = tiny();
  snapshot.tensors["surprise"] = at::ones({1});
  EXPECT_THAT(refusal(build), HasSubstr("surprise"));
  snapshot = tiny();
  snapshot.config["vision_config"]["hidden_act"] = "relu";
  EXPECT_THAT(refusal(build), HasSubstr("vision_config.hidden_act: 'relu' is not known"));
  snapshot = tiny();
  snapshot.config["vision_config"]["num_attention_heads"] = 3;
  EXPECT_THAT(refusal(build), HasSubstr("hidden_size 16 is no multiple of num_attention_heads 3"));
}

TEST(Clip, SnapshotFoldersAreCheckedFirst) {
  Path folder = Path(testing::TempDir()) / "winnow-clip-folder-test";
  std::filesystem::remove_all(folder);
  EXPECT_THAT(refusal([&] { read_snapshot(folder); }), HasSubstr("no such folder"));
  make_folders(folder);
  EXPECT_THAT(refusal([&] { read_snapshot(folder); }), HasSubstr("config.json is missing"));
  write_file_atomically(folder / "config.json", "{}");
  EXPECT_THAT(refusal([&] { read_snapshot(folder); }), HasSubstr("model.safetensors is missing"));
  write_file_atomically(folder / "pytorch_model.bin", "x");
  EXPECT_THAT(refusal([&] { read_snapshot(folder); }), HasSubstr("pickles are never read"));
  std::filesystem::remove_all(folder);
}

TEST(Adaptation, AdaptFormerStartsAsTheBackboneItself) {
  Snapshot snapshot = tiny();
  EXPECT_TRUE(at::allclose(features(snapshot, "adaptformer"), features(snapshot, "full-tuning")));
}

TEST(Adaptation, TrainsWhatItSays) {
  Snapshot snapshot = tiny();
  auto tower = [&](const char* adapt) { return classifier_architecture(snapshot, options(adapt))->tower("main", TowerKind::image); };
  EXPECT_EQ(trainable(*tower("linear-probe")), 0);
  // Two blocks, bottleneck 1: LayerNorm 32, down 16 + 1, up 16 + 16, scale 1.
  EXPECT_EQ(trainable(*tower("adaptformer")), 2 * (32 + 17 + 32 + 1));
  // Two blocks of width 16: two LayerNorms, attention, MLP.
  EXPECT_EQ(trainable(*tower("full-tuning")), 2 * (2 * 32 + 4 * (16 * 16 + 16) + (16 * 64 + 64) + (64 * 16 + 16)));
  EXPECT_THAT(refusal([&] { tower("lora"); }), HasSubstr("adapt: unknown 'lora'"));
}

TEST(Head, InitialisationHasUnitRows) {
  Snapshot snapshot = tiny();
  for (const char* adapt : {"adaptformer", "linear-probe"})
    for (const char* init : {"text", "random"}) {
      auto head = classifier_architecture(snapshot, options(adapt, init))->module("head", ModuleKind::head, 0);
      at::Tensor weight = head->weights().all()[0].value;
      EXPECT_EQ(weight.size(0), 4);
      EXPECT_EQ(weight.size(1), std::string(adapt) == "linear-probe" ? 10 : 16);
      EXPECT_TRUE(at::allclose(weight.pow(2).sum(1), at::ones({4}), 1e-4)) << adapt << init;
    }
}

}  // namespace
}  // namespace winnow::model
