// TURN's one selection. docs/methods/noisy-labels.md#6.8.
#include "detector_run.h"
#include "winnow/method/formulas.h"
#include "winnow/method/mixture.h"

namespace winnow::method {
namespace {

struct Turn : DetectorRun {
  at::Tensor start_ = at::arange(kSamples).remainder(2);
  Turn() {
    recorded_.draws["init.label"] = {start_.unsqueeze(0).expand({kEpochs, kSamples}).contiguous(),
                                     train::Replay::Axes::epoch};
    set("train.lr", 0.1);
  }
  void expect_selection_by(const train::Trace& trace, const at::Tensor& losses) const {
    Mixture mixture = Mixture::fit(normalised_losses(losses, false), start_, {10, 1e-2, 5e-4});
    at::Tensor masks = trace.states.at("mask").to(at::kBool);
    EXPECT_TRUE(masks.narrow(0, 0, kEpochs - 1).all().item<bool>()) << "before the last epoch's end all are believed";
    EXPECT_TRUE(at::equal(masks[kEpochs - 1], mixture.posterior > 0.5));
    EXPECT_FALSE(masks[kEpochs - 1].all().item<bool>());
    EXPECT_TRUE(at::allclose(trace.states.at("score")[kEpochs - 1], mixture.posterior));
  }
};

TEST_F(Turn, DividesTheLossesOfTheProbedModelOnce) {
  train::Trace trace = run("turn");
  expect_selection_by(trace, generalised_cross_entropy(trace.predictions.at("logits"), given_, 0.7));
}

TEST_F(Turn, ByCrossEntropyItsLossesAreTheDividedOnes) {
  set("train_rule", "ce");
  train::Trace trace = run("turn");
  expect_selection_by(trace, cross_entropy(trace.predictions.at("logits"), given_));
}

TEST_F(Turn, EqualLossesMakeNoNaN) {
  recorded_.tensors["x_w"].fill_(1);
  recorded_.tensors["given"] = at::zeros({kSamples}, at::kLong);
  expect_finite(run("turn"));
}

}  // namespace
}  // namespace winnow::method
