// The second stage's head starts where the detector's ended, as TURN does. docs/methods/noisy-labels.md#6.8.
#include "../../src/train/arrays.h"
#include "../../src/train/head_start.h"
#include "miniature.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class DetectorHead : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
    Stage probe = train("turn");
    probe.kind = StageKind::detect;
    probe.outputs = {Output::metrics, Output::labels, Output::selection, Output::weights};
    for (auto [key, value] : std::map<std::string, Value>{{"labels.kind", "symmetric"},
                                                          {"adapt", "linear-probe"},
                                                          {"head", "linear"},
                                                          {"head_init", "random"},
                                                          {"train.lr", 0.01}})
      probe.settings.set(key, value);
    store::RunContent content = run(probe).content;
    content.arrays["selection/mask"] = array_of(at::ones({60}, at::kByte));
    rows_ = tensor_of(content.arrays.at("weights/head.weight"));
    bias_ = tensor_of(content.arrays.at("weights/head.bias"));
    store::write_run_file(folder_ / "probe.h5", content);
  }
  Stage tuned() {
    Stage stage = train("ce");
    stage.inputs["selection"] = stage.inputs["head"] = {};
    stage.outputs.insert(Output::weights);
    for (auto [key, value] : std::map<std::string, Value>{{"labels.kind", "symmetric"},
                                                          {"adapt", "full-tuning"},
                                                          {"head", "linear"},
                                                          {"head_init", "detector"},
                                                          {"train.weight_decay", 0.0},
                                                          {"train.lr", 0.0}})
      stage.settings.set(key, value);
    return stage;
  }
  Context with(const Path& head) {
    Context result = context();
    result.inputs["selection"] = folder_ / "probe.h5";
    result.inputs["head"] = head;
    return result;
  }

  at::Tensor rows_, bias_;
};

// W (P h) + b: a head on the projected feature is one on the feature before the projection.
TEST_F(DetectorHead, IsTheSameFunctionOfTheFeature) {
  model::Snapshot snapshot = snapshot_at(folder_ / "backbone.h5");
  store::RunContent content = execute(tuned(), with(folder_ / "probe.h5"), *alone_, quiet_).content;
  at::Tensor started = tensor_of(content.arrays.at("weights/head.weight")),
             projection = snapshot.tensors.at("visual_projection.weight");
  ASSERT_EQ(started.size(1), projection.size(1));
  EXPECT_TRUE(at::allclose(started, at::matmul(rows_, projection), 1e-5, 1e-6));
  EXPECT_TRUE(at::equal(tensor_of(content.arrays.at("weights/head.bias")), bias_));
}

TEST_F(DetectorHead, IsRefusedWhereItDoesNotFit) {
  Stage stage = tuned();
  EXPECT_THAT(refusal(stage, with(folder_ / "backbone.h5")), HasSubstr("backbone.h5 holds no weights/head.weight"));
  stage.settings.set("head", "cosine");
  EXPECT_THAT(refusal(stage, with(folder_ / "probe.h5")),
              HasSubstr("head_init = detector: the detector's head has 64 columns, features here have 96"));
}

}  // namespace
}  // namespace winnow::train
