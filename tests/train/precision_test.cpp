// train.precision over whole stages: what is computed in it, what is not, and where it is refused.
#include <cmath>

#include "../../src/train/real.h"
#include "miniature.h"
#include "winnow/device/device.h"

namespace winnow::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class PrecisionTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  Stage stage(const std::string& method, const char* precision) {
    Stage result = train(method);
    for (auto [key, value] : std::map<std::string, Value>{{"labels.kind", "symmetric"},
                                                          {"train.precision", precision},
                                                          {"train.optimizer", "sgd"},
                                                          {"train.momentum", 0.9},
                                                          {"train.lr", 0.01}})
      result.settings.set(key, value);
    result.outputs.insert(Output::weights);
    return result;
  }
  static bool is_fp16(const at::Tensor& values) { return values.to(at::kHalf).to(values.scalar_type()).equal(values); }
};

TEST_F(PrecisionTest, PureFp16HasFp16WeightsAndFp32Losses) {
  Stage own = stage("ce", "fp16-pure");
  own.settings.set("adapt", "full-tuning");
  Execution result = run(own);
  int half = 0, norms = 0;
  for (const auto& [name, parameter] : result.trace.parameters) {
    bool norm = name.find("norm") != std::string::npos,
         embedding = name.find("embedding") != std::string::npos && name.find("patch") == std::string::npos;
    EXPECT_EQ(parameter.scalar_type(), norm || embedding ? at::kFloat : at::kHalf) << name;
    ++(norm ? norms : half);
  }
  EXPECT_GT(half, 10);
  EXPECT_GT(norms, 10);
  EXPECT_EQ(result.trace.logged.at("loss").scalar_type(), at::kFloat);
  EXPECT_FALSE(is_fp16(result.trace.logged.at("loss")));
  EXPECT_EQ(result.trace.predictions.at("logits").scalar_type(), at::kFloat);
  EXPECT_TRUE(is_fp16(result.trace.predictions.at("logits"))) << "the head computes in fp16";
}

TEST_F(PrecisionTest, WhatADeviceLacksIsRefusedByName) {
  device::set_cuda_facts({nullptr, [](int) { return 75; }});
  Context on_an_old_gpu = context();
  on_an_old_gpu.device = c10::Device(at::kCUDA, 0);
  for (const char* precision : {"tf32", "bf16"})
    EXPECT_EQ(winnow::refusal([&] { real_of(stage("ce", precision).settings, on_an_old_gpu); }),
              fmt::format("train.precision = {}: GPUs have such products from compute capability 8.0 on, this one's is "
                          "7.5; take fp32, or fp16",
                          precision));
  EXPECT_EQ(real_of(stage("ce", "fp16").settings, on_an_old_gpu).device(), on_an_old_gpu.device);
  device::set_cuda_facts({});
  EXPECT_THAT(refusal(stage("ce", "tf32")), HasSubstr("has no such products, an NVIDIA GPU has; take fp32, or bf16"));
}

// Close to fp32 where training is short, and learned: a wrong cast would be far off or not move.
TEST_F(PrecisionTest, PureFp16IsCloseToFp32) {
  for (const char* adapt : {"full-tuning", "vpt-deep", "adaptformer", "lora", "bias-tuning", "ln-tuning"}) {
    SCOPED_TRACE(adapt);
    Stage pure = stage("ce", "fp16-pure"), whole = stage("ce", "fp32");
    for (Stage* own : {&pure, &whole}) own->settings.set("adapt", adapt), own->settings.set("train.lr", 0.001);
    Execution a = run(pure), b = run(whole);
    EXPECT_NE(a.content.result_digest().hex(), b.content.result_digest().hex());
    at::Tensor difference = a.trace.logged.at("loss") - b.trace.logged.at("loss");
    EXPECT_LT(difference.abs().max().item<double>(), 0.05);
    EXPECT_LT(a.trace.logged.at("loss")[-1].item<double>(), a.trace.logged.at("loss")[0].item<double>());
  }
}

TEST_F(PrecisionTest, PureFp16ResumesToTheSameResult) {
  struct Stopping final : Observer {
    std::int64_t at = 0, step = 0, resumed_at = -1;
    bool report_wanted(std::int64_t now, std::int64_t) override { return step = now, true; }
    bool stop_wanted() override { return at > 0 && step >= at; }
    void resumed(std::int64_t, std::int64_t now) override { resumed_at = now; }
  };
  for (const char* method : {"elr", "coop"}) {
    Stage own = stage(method, "fp16-pure");
    Context kept = context();
    kept.checkpoint = folder_ / method;
    Stopping first, again;
    first.at = 5;
    EXPECT_THROW(execute(own, kept, *alone_, first), Stopped);
    EXPECT_EQ(execute(own, kept, *alone_, again).content.result_digest().hex(), run(own).content.result_digest().hex())
        << method;
    EXPECT_EQ(again.resumed_at, 5);
  }
}

TEST_F(PrecisionTest, PureFp16SumsChunksInFp32) {
  Stage own = stage("ce", "fp16-pure");
  Context chunked = context();
  chunked.chunk = 5;
  Execution whole = run(own), parts = execute(own, chunked, *alone_, quiet_);
  at::Tensor difference = whole.trace.first_gradients.at("main") - parts.trace.first_gradients.at("main");
  EXPECT_EQ(whole.trace.first_gradients.at("main").scalar_type(), at::kFloat);
  EXPECT_LT(difference.abs().max().item<double>(), 2e-3);
}

TEST_F(PrecisionTest, PureFp16IsRefusedWhereItCannotBe) {
  Stage adam = stage("ce", "fp16-pure");
  adam.settings.set("train.optimizer", "adam");
  EXPECT_THAT(refusal(adam), AllOf(HasSubstr("train.optimizer = adam"), HasSubstr("take sgd")));
  Stage pico = stage("pico", "fp16-pure");
  pico.settings.set("labels.kind", "flip");
  EXPECT_THAT(refusal(pico), AllOf(HasSubstr("fp16-pure"), HasSubstr("'key' is a running average")));
}

// The text tower of learned prompts follows the precision as the image tower does: its rows are numbers of that type.
TEST_F(PrecisionTest, Tf32IsRefusedWhereThereIsNone) {
  EXPECT_THAT(refusal(stage("ce", "tf32")), AllOf(HasSubstr("train.precision = tf32"), HasSubstr("an NVIDIA GPU has")));
  EXPECT_THAT(refusal(stage("ce", "fp8")), HasSubstr("unknown 'fp8'; known: bf16, fp16, fp16-pure, fp32, fp64, tf32"));
}

TEST_F(PrecisionTest, TextTowersComputeInIt) {
  for (const char* method : {"coop", "dual-prompts"}) {
    double whole = run(stage(method, "fp32")).trace.logged.at("loss")[0].item<double>();
    for (const char* precision : {"bf16", "fp16", "fp16-pure"}) {
      SCOPED_TRACE(fmt::format("{} {}", method, precision));
      Stage own = stage(method, precision);
      double loss = run(own).trace.logged.at("loss")[0].item<double>();
      EXPECT_NE(loss, whole);
      EXPECT_NEAR(loss, whole, 0.05 * std::abs(whole));
    }
  }
}

}  // namespace
}  // namespace winnow::train
