// A tower of images and texts whose learned tokens one transformer mixes, and one with learned tokens in front.
// docs/methods/unsupervised.md#6.2.
#include "../../src/model/paired_tower.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "../refusal.h"
#include "tiny_clip.h"
#include "winnow/model/adaptation.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/text_tower.h"

namespace winnow::model {
namespace {

constexpr std::int64_t kTexts = 2, kImages = 3, kClasses = 2, kWidth = 16, kTextWidth = 12;

at::Tensor pixels() { return at::linspace(-1, 1, 2 * 3 * 64, at::kDouble).sin().view({2, 3, 8, 8}); }
// start, two slots, a name, end.
at::Tensor texts() { return at::tensor({18, -1, -2, 3, 19, 18, -1, -2, 5, 19}, at::kLong).view({kClasses, 5}); }

ClassifierOptions options(std::uint64_t seed = 1) {
  ClassifierOptions result;
  result.adapt = "linear-probe";
  result.dtype = at::kDouble;
  result.adaptation.seed = seed;
  result.adaptation.classes = kClasses;
  result.input_tokens = kImages;
  result.context_vectors = kTexts;
  return result;
}

// T' and V' as the formula says, from the tower's weights.
std::pair<at::Tensor, at::Tensor> mixed(const Tower& tower) {
  auto own = [&](const std::string& part) {
    for (const Parameter& parameter : tower.weights().all())
      if (parameter.name == "main." + part) return parameter.value;
    ADD_FAILURE() << part;
    return at::Tensor();
  };
  auto linear = [&](const std::string& part, const at::Tensor& x) {
    return at::linear(x, own(part + ".weight"), own(part + ".bias"));
  };
  auto norm = [&](const std::string& part, const at::Tensor& x) {
    return at::layer_norm(x, {x.size(1)}, own(part + ".weight"), own(part + ".bias"), 1e-5);
  };
  at::Tensor x = at::cat({linear("text_in", own("texts")), linear("image_in", own("images"))});
  std::vector<at::Tensor> parts = linear("qkv", norm("norm1", x)).chunk(3, 1);
  x = x + linear("out", at::matmul(at::softmax(at::matmul(parts[0], parts[1].t()) / std::sqrt(128.0), 1), parts[2]));
  at::Tensor hidden = linear("fc1", norm("norm2", x));
  x = x + linear("fc2", hidden * at::sigmoid(1.702 * hidden));
  return {linear("text_out", x.narrow(0, 0, kTexts)), linear("image_out", x.narrow(0, kTexts, kImages))};
}

TEST(PairedTower, TokensOfBothAreMixedAndGoTheirWays) {
  Snapshot clip = tiny_clip();
  auto tower = paired_tower(clip, options(), "main");
  auto [context, tokens] = mixed(*tower);
  auto text = text_tower(clip, at::kDouble);
  text->learn_context("context", context.clone());
  EXPECT_TRUE(at::allclose(tower->rows(texts()).features(), text->rows(texts()).features(), 1e-10, 1e-10));
  auto image = image_tower(clip, {at::kDouble, FeatureKind::embedding});
  AdaptationOptions front;
  front.size = kImages;
  front.depth = 1;
  adapt(*image, "vpt-front", front);
  image->weights().find("vpt_list.0.prompt")->value.copy_(tokens);
  EXPECT_TRUE(at::allclose(tower->rows(pixels()).features(), image->rows(pixels()).features(), 1e-10, 1e-10));
  EXPECT_TRUE(at::equal(tower->rows_unadapted(pixels()).features(), image->rows_unadapted(pixels()).features()));
  EXPECT_EQ(tower->width(), 10);
}

TEST(PairedTower, EachSideTrainsTheTokensOfTheOther) {
  auto tower = paired_tower(tiny_clip(), options(), "main");
  tower->weights().train_what_is_trainable();
  std::int64_t wide = kTextWidth + kWidth;
  EXPECT_EQ(tower->weights().trainable_values(),
            kTexts * kTextWidth + kImages * kWidth          // tokens
                + 128 * wide + 2 * 128 + 128 * wide + wide  // there and back
                + 4 * 128                                   // norms
                + 3 * 128 * 129 + 128 * 129 + 4 * 128 * 129 + 128 * (4 * 128 + 1));
  for (bool of_images : {true, false}) {
    at::Tensor loss = tower->rows(of_images ? pixels() : texts()).features().square().sum();
    at::Tensor other = tower->weights().find(of_images ? "main.texts" : "main.images")->use;
    std::vector<at::Tensor> gradient = torch::autograd::grad({loss}, {other});
    EXPECT_GT(gradient[0].abs().max().item<double>(), 0) << "of images " << of_images;
  }
}

TEST(PairedTower, StartsFromItsSeed) {
  Snapshot clip = tiny_clip();
  auto one = paired_tower(clip, options(1), "main"), same = paired_tower(clip, options(1), "main"),
       other = paired_tower(clip, options(2), "main");
  EXPECT_TRUE(at::equal(one->rows(pixels()).features(), same->rows(pixels()).features()));
  EXPECT_FALSE(at::equal(one->rows(pixels()).features(), other->rows(pixels()).features()));
  ClassifierOptions many = options();
  many.input_tokens = 500;
  at::Tensor images = paired_tower(clip, many, "main")->weights().find("main.images")->value;
  double bound = std::sqrt(6.0 / (3 * 16 + kWidth));
  EXPECT_LE(images.abs().max().item<double>(), bound);
  EXPECT_NEAR(images.std().item<double>(), bound / std::sqrt(3.0), 0.02 * bound);
}

TEST(InputTokens, StartWithTheVarianceOfAWidth) {
  Snapshot clip = tiny_clip();
  ClassifierOptions alone = options();
  alone.context_vectors = 0;
  alone.input_tokens = 500;
  auto tower = classifier_architecture(clip, alone)->tower("main", TowerKind::joint);
  EXPECT_EQ(tower->weights().trainable_values(), 500 * kWidth) << "of the first block alone, and nothing else";
  at::Tensor tokens = tower->weights().find("vpt_list.0.prompt")->value;
  EXPECT_NEAR(tokens.std().item<double>(), 1 / std::sqrt(kWidth), 0.02);
  EXPECT_NEAR(tokens.mean().item<double>(), 0, 0.02);
  at::Tensor plain = image_tower(clip, {at::kDouble, FeatureKind::embedding})->rows(pixels()).features();
  EXPECT_FALSE(at::allclose(tower->rows(pixels()).features(), plain, 1e-3));
  EXPECT_TRUE(at::equal(tower->rows_unadapted(pixels()).features(), plain));
}

TEST(KeptPrompts, AreTrainedOnBesideTheEncoder) {
  Snapshot clip = tiny_clip();
  ClassifierOptions first = options();
  first.adapt = "vpt-deep";
  first.context_vectors = first.input_tokens = 0;
  auto learned = classifier_architecture(clip, first)->tower("main", TowerKind::image);
  ClassifierOptions second = first;
  second.adapt = "full-tuning";
  for (std::int64_t i = 0; i < 2; ++i)
    second.visual_prompts[i] = learned->weights().find("vpt_list." + std::to_string(i) + ".prompt")->value;
  auto tower = classifier_architecture(clip, second)->tower("main", TowerKind::image);
  EXPECT_TRUE(at::equal(tower->rows(pixels()).features(), learned->rows(pixels()).features()));
  EXPECT_TRUE(tower->weights().find("vpt_list.1.prompt")->trainable);
  EXPECT_FALSE(tower->weights().find("vpt_list.1.prompt")->value.is_same(second.visual_prompts.at(1)));
  auto refused = [&](std::map<std::int64_t, at::Tensor> prompts) {
    auto bare = image_tower(clip, {at::kDouble});
    return refusal([&] { keep_prompts(*bare, prompts); });
  };
  at::Tensor fits = at::zeros({4, kWidth});
  EXPECT_THAT(refused({{0, fits}, {2, fits}}), testing::HasSubstr("visual prompts of 2 blocks, from 0 to 2"));
  EXPECT_THAT(refused({{1, fits}, {2, fits}}), testing::HasSubstr("has blocks 0 to 1"));
  EXPECT_THAT(refused({{0, at::zeros({4, 8})}}),
              testing::HasSubstr("visual prompts of block 0: tokens of 8 numbers, those of an untrained CLIP have 16"));
}

}  // namespace
}  // namespace winnow::model
