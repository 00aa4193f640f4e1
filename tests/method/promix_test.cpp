// ProMix's selection and its two heads. docs/methods/noisy-labels.md#6.9.
#include "detector_run.h"

namespace winnow::method {
namespace {

struct ProMix : DetectorRun {
  ProMix() {
    set("warmup_epochs", 0);
    set("rampup", 0.0);
  }
};

TEST_F(ProMix, KeepsAShareOfEveryClass) {
  given_.narrow(0, 12, 12).fill_(0);
  set("tau", 1.0);  // nobody is as sure as that
  set("rho_start", 0.25);
  set("rho_end", 0.75);
  set("ramp", 2);
  at::Tensor masks = run("promix").states.at("mask").to(at::kBool), size = at::bincount(given_, {}, kClasses);
  std::int64_t quota[kEpochs] = {2, 4, 6, 6};  // ceil(rho 24 / 3)
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    at::Tensor of_class = at::bincount(given_.masked_select(masks[epoch]), {}, kClasses);
    EXPECT_TRUE(at::equal(of_class, size.clamp_max(quota[epoch]))) << "epoch " << epoch << ": " << of_class;
  }
}

TEST_F(ProMix, WhomTheNetworkIsSureOfIsKeptWhateverTheQuota) {
  set("rho_start", 0.0);
  set("rho_end", 0.0);
  set("tau", 1.0);
  EXPECT_EQ(run("promix").states.at("mask")[kEpochs - 1].sum().item<std::int64_t>(), kClasses) << "one of each class";
  set("tau", 0.0);
  EXPECT_TRUE(run("promix").states.at("mask").all().item<bool>());
}

TEST_F(ProMix, OnlyRejectedSamplesTeachThePseudoHead) {
  set("tau", 0.0);  // all are kept
  train::Trace none = run("promix");
  expect_finite(none);
  EXPECT_TRUE(moved(none, "head"));
  EXPECT_FALSE(moved(none, "pseudo_head"));
  EXPECT_FALSE(moved(none, "second_pseudo_head"));
  set("tau", 1.0);
  train::Trace some = run("promix");
  EXPECT_TRUE(moved(some, "pseudo_head"));
  EXPECT_TRUE(moved(some, "second_pseudo_head"));
}

// With a rate of 0 the networks stand still, and only what they learn from can differ.
TEST_F(ProMix, WhatTheNetworksAgreeOnIsLearnedAndNotSelected) {
  set("train.lr", 0.0);
  set("tau", 0.2);
  set("rho_start", 0.1);
  set("rho_end", 0.1);
  set("agreement", 0.0);
  train::Trace without = run("promix");
  set("agreement", 1.0);
  train::Trace with = run("promix");
  EXPECT_TRUE(at::equal(without.states.at("mask"), with.states.at("mask")));
  EXPECT_FALSE(with.states.at("mask").all().item<bool>());
  EXPECT_FALSE(at::equal(without.logged.at("loss"), with.logged.at("loss")));
  set("agreement", 0.25);  // the last of four epochs
  at::Tensor last = run("promix").logged.at("loss");
  EXPECT_TRUE(at::equal(last.narrow(0, 0, 3), without.logged.at("loss").narrow(0, 0, 3)));
  EXPECT_EQ(last[3].item<double>(), with.logged.at("loss")[3].item<double>());
}

TEST_F(ProMix, ByCrossEntropyThereIsOneNetworkWithOneHead) {
  set("train_rule", "ce");
  set("train.lr", 0.0);
  set("tau", 0.9);
  train::Trace plain = run("promix");
  EXPECT_EQ(plain.parameters.count("second"), 0u);
  EXPECT_EQ(plain.parameters.count("pseudo_head"), 0u);
  set("train_rule", "own");
  EXPECT_TRUE(at::equal(plain.states.at("mask"), run("promix").states.at("mask"))) << "the rule is the same";
}

}  // namespace
}  // namespace winnow::method
