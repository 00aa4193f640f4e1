#include "winnow/model/clip.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "../folder.h"
#include "../refusal.h"
#include "tiny_clip.h"
#include "winnow/core/error.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/snapshot_layout.h"
#include "winnow/model/text_tower.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;

ClassifierOptions options(const std::string& adapt) {
  ClassifierOptions options;
  options.adapt = adapt;
  options.adaptation.classes = 4;
  return options;
}

at::Tensor class_tokens() { return at::arange(24, at::kLong).view({4, 6}).remainder(20); }

at::Tensor features(const Snapshot& snapshot, const std::string& adapt) {
  at::Tensor pixels = at::linspace(-1, 1, 2 * 3 * 64).view({2, 3, 8, 8});
  return classifier_architecture(snapshot, options(adapt))->tower("main", TowerKind::image)->rows(pixels).features();
}

TEST(Clip, SnapshotFolderRoundTrip) {
  Folder folder;
  Snapshot snapshot = tiny_clip();
  write_snapshot(folder, snapshot);
  Snapshot read = read_snapshot(folder);
  EXPECT_EQ(read.config, snapshot.config);
  ASSERT_EQ(read.tensors.size(), snapshot.tensors.size());
  for (const auto& [name, tensor] : snapshot.tensors) EXPECT_TRUE(at::equal(read.tensors.at(name), tensor)) << name;
  EXPECT_TRUE(at::equal(features(read, "full-tuning"), features(snapshot, "full-tuning")));
}

TEST(Clip, StackedParametersSplitBackIntoTheSnapshotsNames) {
  Snapshot snapshot = tiny_clip();
  auto image = image_tower(snapshot, {});
  auto text = text_tower(snapshot, at::kFloat);
  std::map<std::string, at::Tensor> parameters{{"logit_scale", snapshot.tensors.at("logit_scale")}};
  for (Tower* tower : {static_cast<Tower*>(image.get()), static_cast<Tower*>(text.get())})
    for (const Parameter& parameter : tower->weights().all()) parameters[parameter.name] = parameter.value;
  auto split = snapshot_layout(parameters);
  ASSERT_EQ(split.size(), snapshot.tensors.size());
  for (const auto& [name, tensor] : snapshot.tensors) EXPECT_TRUE(at::equal(split.at(name), tensor)) << name;
}

TEST(Clip, SaysWhichTensorIsWrong) {
  Snapshot snapshot = tiny_clip();
  auto build = [&] { features(snapshot, "linear-probe"); };
  at::Tensor good = snapshot.tensors.at("visual_projection.weight");
  snapshot.tensors["visual_projection.weight"] = at::zeros({10, 15});
  EXPECT_THAT(refusal(build),
              HasSubstr("tensor 'visual_projection.weight' has shape [10, 15], the configuration wants [10, 16]"));
  snapshot.tensors.erase("visual_projection.weight");
  EXPECT_THAT(refusal(build), HasSubstr("tensor 'visual_projection.weight' is missing"));
  snapshot.tensors["visual_projection.weight"] = good;
  snapshot.tensors["vision_model.encoder.layers.2.layer_norm1.weight"] = at::ones({16});
  EXPECT_THAT(refusal(build),
              HasSubstr("1 tensors that this architecture does not have: vision_model.encoder.layers.2"));
  snapshot = tiny_clip();
  snapshot.tensors["surprise"] = at::ones({1});
  EXPECT_THAT(refusal(build), HasSubstr("surprise"));
  snapshot = tiny_clip();
  snapshot.config["vision_config"]["hidden_act"] = "relu";
  EXPECT_THAT(refusal(build), HasSubstr("vision_config.hidden_act: 'relu' is not known"));
  snapshot = tiny_clip();
  snapshot.config["vision_config"]["num_attention_heads"] = 3;
  EXPECT_THAT(refusal(build), HasSubstr("hidden_size 16 is no multiple of num_attention_heads 3"));
}

TEST(Clip, SnapshotFoldersAreCheckedFirst) {
  Folder folder;
  EXPECT_THAT(refusal([&] { read_snapshot(folder / "absent"); }), HasSubstr("no such folder"));
  EXPECT_THAT(refusal([&] { read_snapshot(folder); }), HasSubstr("config.json is missing"));
  write_file_atomically(folder / "config.json", "{}");
  EXPECT_THAT(refusal([&] { read_snapshot(folder); }), HasSubstr("model.safetensors is missing"));
  write_file_atomically(folder / "pytorch_model.bin", "x");
  EXPECT_THAT(refusal([&] { read_snapshot(folder); }), HasSubstr("pickles are never read"));
}

TEST(Head, InitialisationHasUnitRows) {
  Snapshot snapshot = tiny_clip();
  for (const char* adapt : {"adaptformer", "linear-probe"})
    for (bool text : {true, false}) {
      ClassifierOptions own = options(adapt);
      if (text) own.head_rows = text_head_rows(snapshot, own, {class_tokens()}, at::kFloat);
      auto head = classifier_architecture(snapshot, own)->head("head", HeadStart::of_stage);
      at::Tensor weight = head->weights().all()[0].value;
      EXPECT_EQ(weight.size(0), 4);
      EXPECT_EQ(weight.size(1), std::string(adapt) == "linear-probe" ? 10 : 16);
      EXPECT_TRUE(at::allclose(weight.pow(2).sum(1), at::ones({4}), 1e-4)) << adapt << text;
    }
}

TEST(Head, KindsByName) {
  EXPECT_EQ(parse_head("linear"), HeadKind::linear);
  EXPECT_THAT(refusal([] { parse_head("cosin"); }), HasSubstr("did you mean 'cosine'"));
}

TEST(Text, ColumnsAfterTheEndTokenChangeNothing) {
  Snapshot snapshot = tiny_clip();
  auto text = text_tower(snapshot, at::kFloat);
  at::Tensor tokens = at::tensor({18, 3, 4, 19, 19, 19, 18, 5, 19, 19, 19, 19}, at::kLong).view({2, 6});
  at::Tensor few = cropped(*text, tokens);
  EXPECT_EQ(few.size(1), 4);
  EXPECT_TRUE(at::allclose(text->rows(few).features(), text->rows(tokens).features(), 1e-5, 1e-6));
}

TEST(Text, TowerRefusesWhatItCannotRead) {
  Snapshot snapshot = tiny_clip();
  auto text = text_tower(snapshot, at::kFloat);
  EXPECT_THAT(refusal([&] { text->rows(at::zeros({1, 7}, at::kLong)); }), HasSubstr("takes at most 6"));
  EXPECT_THAT(refusal([&] {
                text->learn_context("v", at::zeros({2, 5}));
              }),
              HasSubstr("context vectors of 5 numbers, the text tower's tokens have 12"));
}

TEST(Precision, AutocastKeepsTheOutputsType) {
  Snapshot snapshot = tiny_clip();
  at::Tensor pixels = at::linspace(-1, 1, 2 * 3 * 64).view({2, 3, 8, 8});
  at::Tensor exact = image_tower(snapshot, {})->rows(pixels).features();
  at::Tensor half = image_tower(snapshot, {at::kFloat, FeatureKind::hidden, Precision::bf16})->rows(pixels).features();
  EXPECT_EQ(half.scalar_type(), at::kFloat);
  EXPECT_FALSE(at::equal(half, exact));
  EXPECT_TRUE(at::allclose(half, exact, 0.05, 0.05));
}

}  // namespace
}  // namespace winnow::model
