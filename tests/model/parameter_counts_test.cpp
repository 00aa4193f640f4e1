// How many parameters each adaptation of CLIP ViT-B/16 trains: the table of docs/methods/noisy-labels.md#7, and #12.
#include <gtest/gtest.h>

#include <utility>

#include "winnow/model/adaptation.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/model/untrained_clip.h"

namespace winnow::model {
namespace {

// With a text tower of few words and blocks: its width alone counts, for prompts.
const Snapshot& vit_b_16() {
  static const Snapshot snapshot = untrained_clip({.image_size = 224,
                                                   .patch = 16,
                                                   .width = 768,
                                                   .blocks = 12,
                                                   .heads = 12,
                                                   .text_width = 512,
                                                   .text_blocks = 1,
                                                   .text_heads = 8,
                                                   .context = 16,
                                                   .vocabulary = 8,
                                                   .end_token = 7,
                                                   .joint = 512,
                                                   .temperature = 0.07},
                                                  0);
  return snapshot;
}

std::int64_t trained(const std::string& name, const AdaptationOptions& options) {
  auto tower = image_tower(vit_b_16(), {});
  adapt(*tower, name, options);
  return tower->weights().trainable_values();
}

TEST(ParameterCounts, AreThoseOfTheTable) {
  AdaptationOptions prompts{.size = 20, .classes = 100}, eight{.size = 8, .classes = 100}, plain{.classes = 100};
  EXPECT_EQ(trained("vpt-shallow", prompts), 15'360);
  EXPECT_EQ(trained("vpt-deep", prompts), 184'320);
  EXPECT_EQ(trained("vpt-shallow-ln", prompts), 15'360 + (2 * 12 + 2) * 2 * 768);
  EXPECT_EQ(trained("vpt-front", {.size = 4, .depth = 9, .classes = 100}), 9 * 4 * 768);
  EXPECT_EQ(trained("lora", eight), 294'912);
  EXPECT_EQ(trained("adapter", eight), 175'200);
  EXPECT_EQ(trained("adaptformer", eight), 175'212);
  EXPECT_EQ(trained("ssf-attn", plain), 73'728);
  EXPECT_EQ(trained("ssf-mlp", plain), 92'160);
  EXPECT_EQ(trained("ssf-ln", plain), 36'864);
  EXPECT_EQ(trained("ssf", {.deft = true, .classes = 100}), 73'728 + 92'160) << "DeFT's one switch";
  EXPECT_EQ(trained("ln-tuning", plain), 36'864);
  EXPECT_EQ(trained("bias-tuning", plain), 101'376);
  EXPECT_EQ(trained("bias-tuning", {.deft = true, .classes = 100}), 102'912) << "of the whole tower";
  EXPECT_EQ(trained("mask", {.mask_ratio = 0.001, .classes = 100}), 84'996);
}

ClassifierOptions deft(const std::string& adapt, std::int64_t classes) {
  ClassifierOptions options{.adapt = adapt, .adaptation = {.deft = true, .classes = classes}};
  options.head = HeadKind::linear;
  options.context_vectors = 16;
  return options;
}

// Of DeFT's phases: 768 K + K of the head, and both prompts of the detector, or VLPT's one.
TEST(ParameterCounts, HeadsAndPromptsAreThoseOfTheOracle) {
  const std::pair<std::int64_t, std::int64_t> heads[] = {
      {14, 10'766}, {50, 38'450}, {100, 76'900}, {196, 150'724}, {200, 153'800}};
  for (const auto& [classes, count] : heads) {
    auto architecture = classifier_architecture(vit_b_16(), deft("full-tuning", classes));
    EXPECT_EQ(architecture->head("head", HeadStart::of_stage)->weights().trainable_values(), count) << classes;
    EXPECT_EQ(architecture->tower("main", TowerKind::image)->weights().trainable_values(), 85'054'464);
  }
  auto architecture = classifier_architecture(vit_b_16(), deft("vpt-deep", 100));
  EXPECT_EQ(architecture->prompts("text", 2)->weights().trainable_values(), 16'384) << "positive and negative";
  EXPECT_EQ(architecture->prompts("text", 1)->weights().trainable_values(), 8'192) << "VLPT";
}

TEST(ParameterCounts, FullTuningIsTheBlocksOrEverything) {
  EXPECT_EQ(trained("full-tuning", {.classes = 100}), 85'054'464);
  EXPECT_EQ(trained("full-tuning", {.blocks = std::pair{std::int64_t{11}, std::int64_t{12}}, .classes = 100}),
            7'087'872);
  EXPECT_EQ(trained("full-tuning", {.everything = true, .classes = 100}), 86'192'640);
}

TEST(ParameterCounts, DefaultsGrowWithTheClasses) {
  EXPECT_EQ(trained("vpt-deep", {.classes = 100}), 92'160) << "10 prompts";
  EXPECT_EQ(trained("vpt-shallow", {.classes = 100}), 7'680);
  EXPECT_EQ(trained("adaptformer", {.classes = 100}), 101'436) << "a bottleneck of 4";
  EXPECT_EQ(trained("lora", {.classes = 100}), 147'456);
}

}  // namespace
}  // namespace winnow::model
