// The checkers are checked: a method that reads a value, mixes in a tensor of the host or follows a raw pointer is
// caught, each in the way that waits_test, same_bits_test and every run on the stand-in rely on.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../train/rows_source.h"
#include "standin.h"
#include "winnow/comm/collective.h"
#include "winnow/model/toy.h"
#include "winnow/train/engine.h"

namespace winnow::train {
namespace {

using Plant = std::function<at::Tensor(method::Step&, at::Tensor logits)>;

// One step of a method that minimises what `plant` makes of the logits.
void step_with(const Plant& plant) {
  Settings settings = gradient_descent();
  RowsSource rows(at::linspace(-1, 1, 18, at::kDouble).view({6, 3}), 1, standin::device());
  auto alone = comm::alone();
  auto toy = model::toy({{"A", at::eye(3, at::kDouble)}, {"W", at::linspace(-1, 1, 9, at::kDouble).view({3, 3})}},
                        {{"main", "A"}, {"head", "W"}}, 5);
  Engine engine({&settings, 1, 1, 6, 6, 3, at::TensorOptions(at::kDouble).device(standin::device())}, rows, *toy,
                *alone);
  engine.add_network("main", method::TowerKind::image, "", "");
  engine.add_head("head", method::HeadStart::of_stage);
  engine.add_optimiser("main", {"main", "head"});
  engine.begin_step(0);
  method::Step step(engine, {at::arange(6), standin::device()}, method::Ids());
  standin::NoWaiting forbidden;
  at::Tensor logits = step.apply("head", {step.forward("main", "weak", step.ids()).features()});
  step.update("main", plant(step, logits));
  engine.end_step();
}

// What torch says to such a step.
std::string refusal(const Plant& plant) {
  try {
    step_with(plant);
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "not refused";
}

TEST(Planted, NothingIsNotCaught) {
  EXPECT_NO_THROW(step_with([](method::Step&, at::Tensor logits) { return logits.square().mean(); }));
}

TEST(Planted, AValueThatIsReadIsCaught) {
  Plant plant = [](method::Step&, at::Tensor logits) { return logits.mean() * logits.max().item<double>(); };
  EXPECT_THAT(refusal(plant), testing::HasSubstr("the host waits in item()"));
}

TEST(Planted, AShapeThatDependsOnValuesIsCaught) {
  Plant plant = [](method::Step&, at::Tensor logits) { return logits.index({logits > 0}).mean(); };
  EXPECT_THAT(refusal(plant), testing::HasSubstr("the host waits in"));
}

TEST(Planted, ATensorOfTheHostIsCaught) {
  Plant plant = [](method::Step&, at::Tensor logits) { return (logits * at::ones({6, 3}, at::kDouble)).mean(); };
  EXPECT_THAT(refusal(plant), testing::HasSubstr("expected all tensors on one device"));
}

TEST(Planted, NumbersOfTheHostAsIndicesAreCaught) {
  Plant plant = [](method::Step& step, at::Tensor logits) {
    return logits.index_select(0, step.ids().on_host()).mean();
  };
  EXPECT_THAT(refusal(plant), testing::HasSubstr("expected all tensors on one device"));
}

using PlantedDeathTest = testing::Test;

TEST(PlantedDeathTest, ARawPointerIsCaught) {
  EXPECT_DEATH(
      {
        standin::explain_faults();
        step_with([](method::Step&, at::Tensor logits) { return logits.mean() * *logits.const_data_ptr<double>(); });
      },
      "the host accesses memory of the device");
}

}  // namespace
}  // namespace winnow::train
