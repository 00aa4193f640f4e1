// Mixing: what is drawn, and that images and targets are mixed alike.
#include "winnow/method/mixing.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "../train/rows_source.h"
#include "winnow/core/stream.h"
#include "winnow/model/toy.h"
#include "winnow/train/engine.h"

namespace winnow::method {
namespace {

const at::TensorOptions kReal = at::TensorOptions(at::kDouble), kWhole = at::TensorOptions(at::kLong);

std::vector<std::int64_t> sorted(const at::Tensor& ids) {
  std::vector<std::int64_t> result(ids.const_data_ptr<std::int64_t>(),
                                   ids.const_data_ptr<std::int64_t>() + ids.numel());
  std::sort(result.begin(), result.end());
  return result;
}

class MixingTest : public testing::Test {
 protected:
  MixingTest() : engine_({&settings_, 1, 2, 6, 6, 3, kReal}, source_, *toy_, *alone_, 0) {
    engine_.add_network("main", TowerKind::image, "", "");
    engine_.add_head("head", HeadStart::of_stage);
    engine_.add_optimiser("main", {"main", "head"});
    engine_.begin_step(0);
  }
  Step step() { return Step(engine_, ids_, {source_.given(), at::kCPU}); }

  Settings settings_ = train::gradient_descent();
  train::RowsSource source_{at::linspace(-1, 1, 18, kReal).view({6, 3}), 2};
  Ids ids_ = Ids::range(0, 6, at::kCPU);
  std::unique_ptr<model::Architecture> toy_ = model::toy(
      {{"A", at::eye(3, kReal)}, {"W", at::linspace(-1, 1, 9, kReal).view({3, 3})}}, {{"main", "A"}, {"head", "W"}}, 5);
  std::unique_ptr<comm::Collective> alone_ = comm::alone();
  train::Engine engine_;
};

TEST_F(MixingTest, DrawsAWeightOfAtLeastAHalfAndAPermutation) {
  Step step = this->step();
  double mean = 0;
  for (std::int64_t index = 0; index < 200; ++index) {
    Mixing mixing = draw_mixing(step, index, 6);
    double weight = mixing.weight.item<double>();
    EXPECT_GE(weight, 0.5);
    EXPECT_LE(weight, 1);
    EXPECT_THAT(sorted(mixing.permutation.on_host()), testing::ElementsAre(0, 1, 2, 3, 4, 5));
    mean += weight / 200;
  }
  // E max(l, 1 - l) of Beta(4, 4) is 0.6367 (scipy 1.11), its deviation 0.09.
  EXPECT_NEAR(mean, 0.6367, 4 * 0.09 / std::sqrt(200.0));
}

TEST_F(MixingTest, IsTheSameOnEveryProcessAndAnotherByNumberAndStep) {
  Step step = this->step();
  Mixing once = draw_mixing(step, 0, 6), again = draw_mixing(step, 0, 6), other = draw_mixing(step, 1, 6);
  EXPECT_EQ(once.weight.item<double>(), again.weight.item<double>());
  EXPECT_TRUE(at::equal(once.permutation.on_host(), again.permutation.on_host()));
  EXPECT_NE(once.weight.item<double>(), other.weight.item<double>());
  engine_.begin_step(1);
  Step next = this->step();
  EXPECT_NE(draw_mixing(next, 0, 6).weight.item<double>(), once.weight.item<double>());
}

TEST_F(MixingTest, MixesRowsAndImagesAlike) {
  Mixing mixing{at::scalar_tensor(0.75, kReal), {at::tensor({1, 2, 3, 4, 5, 0}, kWhole), at::kCPU}};
  Step step = this->step();
  EXPECT_TRUE(at::allclose(mixing.of(source_.rows())[5], 0.75 * source_.rows()[5] + 0.25 * source_.rows()[0]));
  // The toy tower is the identity: its features are the mixed rows.
  at::Tensor features = step.forward("main", mixing.view("weak", ids_)).features();
  EXPECT_TRUE(at::allclose(features, mixing.of(source_.rows())));
}

TEST_F(MixingTest, ChosenRowsAreMixedAmongThemselves) {
  Step step = this->step();
  at::Tensor target = at::eye(3, kReal).repeat({2, 1}), chosen = at::tensor({1, 4}, kWhole);
  Tensor loss = mixed_loss(step, "head", 0, {chosen, at::kCPU}, target);
  Mixing mixing = draw_mixing(step, 0, 2);
  at::Tensor rows = mixing.of(source_.rows().index_select(0, chosen)),
             wanted = mixing.of(target.index_select(0, chosen));
  at::Tensor logits = engine_.apply("head", {rows});
  EXPECT_NEAR(loss.item<double>(), -(wanted * at::log_softmax(logits, 1)).sum(1).mean().item<double>(), 1e-12);
}

TEST_F(MixingTest, NoRowsAreZeroAndNotNan) {
  Step step = this->step();
  EXPECT_EQ(mixed_loss(step, "head", 0, {at::empty({0}, kWhole), at::kCPU}, at::eye(3, kReal)).item<double>(), 0);
}

}  // namespace
}  // namespace winnow::method
