// Adaptations on a small CLIP. Numbers against the reference codes: golden cases of kind peft.
#include "winnow/model/adaptation.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "../refusal.h"
#include "tiny_clip.h"
#include "winnow/core/error.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;

at::Tensor pixels() { return at::linspace(-1, 1, 2 * 3 * 64).sin().view({2, 3, 8, 8}); }

std::unique_ptr<ImageTower> adapted(const std::string& name, AdaptationOptions options = {}) {
  static const Snapshot snapshot = tiny_clip(3);
  auto tower = image_tower(snapshot, {});
  if (options.classes == 0) options.classes = 4;
  if (!name.empty()) adapt(*tower, name, options);
  return tower;
}

TEST(Adaptation, WhatIsBuiltToDoNothingAtFirstDoesNothing) {
  at::Tensor plain = adapted("")->rows(pixels()).features();
  for (const char* name :
       {"linear-probe", "full-tuning", "bias-tuning", "ln-tuning", "mask", "lora", "adapter", "adaptformer"})
    EXPECT_TRUE(at::allclose(adapted(name)->rows(pixels()).features(), plain, 1e-5, 1e-6)) << name;
  for (const char* name : {"vpt-shallow", "vpt-deep", "ssf-attn", "ssf-mlp", "ssf-ln"})
    EXPECT_FALSE(at::allclose(adapted(name)->rows(pixels()).features(), plain, 1e-5, 1e-6)) << name;
}

TEST(Adaptation, DeftsAdapterBeginsWithoutTheMlp) {
  AdaptationOptions options;
  options.deft = true;
  EXPECT_FALSE(at::allclose(adapted("adapter", options)->rows(pixels()).features(),
                            adapted("")->rows(pixels()).features(), 1e-3));
}

TEST(Adaptation, SameSeedSameValues) {
  AdaptationOptions one, two;
  two.seed = 1;
  for (const char* name : {"vpt-deep", "ssf-attn", "lora", "adaptformer", "mask"}) {
    auto a = adapted(name, one), b = adapted(name, one), c = adapted(name, two);
    bool differs = false;
    for (std::size_t i = 0; i < a->weights().all().size(); ++i) {
      const at::Tensor &x = a->weights().all()[i].value, &y = b->weights().all()[i].value,
                       &z = c->weights().all()[i].value;
      EXPECT_TRUE(at::equal(x, y)) << name;
      differs |= !(x.sizes() == z.sizes() && at::equal(x, z));
    }
    EXPECT_TRUE(differs) << name;
  }
}

TEST(Adaptation, BlocksAlone) {
  AdaptationOptions last;
  last.blocks = {2, 3};
  auto tower = adapted("adaptformer", last);
  EXPECT_EQ(tower->weights().find("adaptformer_list.1.scale"), nullptr);
  EXPECT_NE(tower->weights().find("adaptformer_list.2.scale"), nullptr);
  std::int64_t block = 2 * 32 + 4 * (16 * 16 + 16) + (16 * 64 + 64) + (64 * 16 + 16);
  EXPECT_EQ(adapted("full-tuning", last)->weights().trainable_values(), block);
  EXPECT_EQ(adapted("full-tuning")->weights().trainable_values(), 3 * block);
  AdaptationOptions everything;
  everything.everything = true;
  auto whole = adapted("full-tuning", everything);
  std::int64_t all = 0;
  for (const Parameter& parameter : whole->weights().all()) all += parameter.value.numel();
  EXPECT_EQ(whole->weights().trainable_values(), all);
  AdaptationOptions beyond;
  beyond.blocks = {2, 4};
  EXPECT_THAT(refusal([&] { adapted("lora", beyond); }),
              HasSubstr("blocks 2 to 3: an untrained CLIP has blocks 0 to 2"));
}

TEST(Adaptation, MaskTrainsTheShareThatItIsAskedFor) {
  AdaptationOptions options;
  options.mask_ratio = 0.25;
  auto floor_of = [](std::int64_t out, std::int64_t in) { return out * (in + 1) / 4; };
  EXPECT_EQ(adapted("mask", options)->weights().trainable_values(),
            3 * (floor_of(48, 16) + floor_of(16, 16) + floor_of(64, 16) + floor_of(16, 64)));
}

TEST(Adaptation, ATowerWithoutWhatWasPutBesideIt) {
  at::Tensor plain = adapted("")->rows(pixels()).features();
  for (const char* name : {"vpt-deep", "vpt-shallow-ln", "vpt-front", "lora", "ssf-attn", "adaptformer"}) {
    auto tower = adapted(name);
    for (Parameter& parameter : tower->weights().all())
      if (parameter.trainable && parameter.role == Role::other)
        parameter.value.add_(at::linspace(-0.5, 0.7, parameter.value.numel()).view(parameter.value.sizes()));
    at::Tensor prompted = tower->rows(pixels()).features();
    EXPECT_FALSE(at::allclose(prompted, plain, 1e-5, 1e-6)) << name;
    EXPECT_TRUE(at::equal(tower->rows_unadapted(pixels()).features(), plain)) << name;
    EXPECT_TRUE(at::equal(tower->rows(pixels()).features(), prompted)) << name << ": for that call alone";
  }
  auto norms = adapted("vpt-shallow-ln");
  for (Parameter& parameter : norms->weights().all())
    if (parameter.role == Role::norm) parameter.value.mul_(1.5);
  EXPECT_FALSE(at::allclose(norms->rows_unadapted(pixels()).features(), plain, 1e-3)) << "own weights count";
}

TEST(Adaptation, PromptsBeforeTheFirstNorm) {
  AdaptationOptions options;
  options.size = 2;
  auto tower = adapted("vpt-front", options);
  EXPECT_EQ(tower->weights().trainable_values(), 3 * 2 * 16);
  options.depth = 2;
  EXPECT_EQ(adapted("vpt-front", options)->weights().trainable_values(), 2 * 2 * 16);
  // A prompt's length is nothing to the LayerNorm in front of the first block; that of the second is seen as it is.
  auto features = [&](const char* name, double factor) {
    auto own = adapted("vpt-front", options);
    own->weights().find(name)->value.mul_(factor);
    return own->rows(pixels()).features();
  };
  at::Tensor start = features("vpt_list.0.prompt", 1);
  EXPECT_TRUE(at::allclose(features("vpt_list.0.prompt", 100), features("vpt_list.0.prompt", 200), 1e-4, 1e-5));
  EXPECT_FALSE(at::allclose(features("vpt_list.1.prompt", 100), start, 1e-3));
  std::int64_t norms = 0;
  auto shallow = adapted("vpt-shallow-ln", options);
  for (const Parameter& parameter : shallow->weights().all())
    if (parameter.role == Role::norm || parameter.role == Role::norm_bias) norms += parameter.value.numel();
  EXPECT_EQ(norms, (2 * 3 + 2) * 2 * 16) << "of three blocks, and around them";
  EXPECT_EQ(shallow->weights().trainable_values(), 2 * 16 + norms);
}

TEST(Adaptation, PromptsAreBehindTheTowersOwnTokens) {
  AdaptationOptions options;
  options.size = 2;
  EXPECT_EQ(adapted("vpt-deep", options)->encode(pixels()).last_hidden.size(1), 4 + 1 + 2);
  EXPECT_EQ(adapted("vpt-shallow", options)->encode(pixels()).last_hidden.size(1), 4 + 1 + 2);
}

// docs/methods/noisy-labels.md#12: attention does not see the order of appended prompts, which have no position.
TEST(Adaptation, TheOrderOfAppendedPromptsChangesNoFeature) {
  AdaptationOptions options;
  options.size = 5;
  for (const char* name : {"vpt-deep", "vpt-shallow"}) {
    auto tower = adapted(name, options);
    at::Tensor before = tower->rows(pixels()).features();
    std::int64_t prompts = 0;
    for (Parameter& parameter : tower->weights().all())
      if (parameter.trainable && parameter.name.find("prompt") != std::string::npos) {
        ASSERT_EQ(parameter.value.size(-2), 5) << parameter.name;
        parameter.value.copy_(parameter.value.index_select(-2, at::tensor({3, 0, 4, 1, 2}, at::kLong)));
        ++prompts;
      }
    ASSERT_EQ(prompts, std::string(name) == "vpt-deep" ? 3 : 1);
    at::Tensor after = tower->rows(pixels()).features();
    EXPECT_TRUE(at::allclose(after, before, 1e-5, 1e-6)) << name << ": " << (after - before).abs().max();
    for (Parameter& parameter : tower->weights().all())
      if (parameter.trainable && parameter.name.find("prompt") != std::string::npos)
        parameter.value.select(-2, 0).mul_(3);
    EXPECT_FALSE(at::allclose(tower->rows(pixels()).features(), before, 1e-5, 1e-6)) << "they are seen";
  }
}

// Scales and shifts begin near one and zero, not there: N(1, 0.02^2) and N(0, 0.02^2).
TEST(Adaptation, ScalesAndShiftsAreDrawnAroundTheIdentity) {
  for (const char* name : {"ssf-attn", "ssf-mlp", "ssf-ln"}) {
    auto tower = adapted(name);
    std::int64_t scales = 0, shifts = 0;
    for (const Parameter& parameter : tower->weights().all()) {
      if (!parameter.trainable) continue;
      at::Tensor value = parameter.value.to(at::kDouble);
      double mean = value.mean().item<double>(), deviation = value.std().item<double>();
      double expected = mean > 0.5 ? 1 : 0, error = 0.02 / std::sqrt(static_cast<double>(value.numel()));
      ++(expected == 1 ? scales : shifts);
      EXPECT_NEAR(mean, expected, 5 * error) << parameter.name;
      EXPECT_NEAR(deviation, 0.02, 5 * error) << parameter.name;
    }
    EXPECT_GT(scales, 0) << name;
    EXPECT_EQ(scales, shifts) << name;
  }
}

TEST(Adaptation, UnknownNamesAndTowersThatDoNotFit) {
  EXPECT_THAT(refusal([] { adapted("adapt-former"); }),
              HasSubstr("adapt: unknown 'adapt-former' (did you mean 'adaptformer'?)"));
  EXPECT_THAT(refusal([] { adapted("bn-tuning"); }), HasSubstr("has no BatchNorm"));
  EXPECT_THAT(refusal([] { adapted("ssf"); }), HasSubstr("is DeFT's"));
}

}  // namespace
}  // namespace winnow::model
