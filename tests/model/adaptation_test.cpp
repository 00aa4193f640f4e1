// Adaptations on a small CLIP. Numbers against the reference codes: golden cases of kind peft.
#include "winnow/model/adaptation.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(Adaptation, PromptsAreBehindTheTowersOwnTokens) {
  AdaptationOptions options;
  options.size = 2;
  EXPECT_EQ(adapted("vpt-deep", options)->encode(pixels()).last_hidden.size(1), 4 + 1 + 2);
  EXPECT_EQ(adapted("vpt-shallow", options)->encode(pixels()).last_hidden.size(1), 4 + 1 + 2);
}

TEST(Adaptation, UnknownNamesAndTowersThatDoNotFit) {
  EXPECT_THAT(refusal([] { adapted("adapt-former"); }),
              HasSubstr("adapt: unknown 'adapt-former' (did you mean 'adaptformer'?)"));
  EXPECT_THAT(refusal([] { adapted("bn-tuning"); }), HasSubstr("has no BatchNorm"));
  EXPECT_THAT(refusal([] { adapted("ssf"); }), HasSubstr("is DeFT's"));
}

}  // namespace
}  // namespace winnow::model
