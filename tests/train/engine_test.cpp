#include "winnow/train/engine.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rows_source.h"
#include "winnow/core/error.h"
#include "winnow/model/toy.h"

namespace winnow::train {
namespace {

using method::HeadStart;
using method::Keep;
using method::TowerKind;
using testing::HasSubstr;

class EngineTest : public testing::Test {
 protected:
  Settings settings_ = gradient_descent();
  at::Tensor x_ = at::linspace(-1, 1, 28, at::kDouble).view({7, 4});
  RowsSource source_{x_};
  std::unique_ptr<model::Architecture> toy_ =
      model::toy({{"A", at::linspace(0.5, -0.3, 12, at::kDouble).view({3, 4})},
                  {"other", at::linspace(-0.5, 0.4, 12, at::kDouble).view({3, 4})},
                  {"W", at::linspace(-0.7, 0.9, 9, at::kDouble).view({3, 3})}},
                 {{"main", "A"}, {"head", "W"}}, 5);
  std::unique_ptr<comm::Collective> alone_ = comm::alone();
  method::Ids ids_ = method::Ids::range(0, 7, at::kCPU);

  Engine engine(std::int64_t chunk = 0) {
    method::Facts facts{&settings_, 2, 1, 7, 7, 3, at::TensorOptions(at::kDouble)};
    Engine result(facts, source_, *toy_, *alone_, chunk);
    result.add_network("main", TowerKind::image, "", "");
    result.add_head("head", HeadStart::of_stage);
    return result;
  }
  at::Tensor logits(Engine& engine) {
    return engine.apply("head", {engine.forward("main", std::string("weak"), ids_, true, "train").features()});
  }
};

TEST_F(EngineTest, GradientsOfChunksEqualThoseOfTheWholeBatch) {
  at::Tensor whole;
  for (std::int64_t chunk : {0, 1, 3, 7, 100}) {
    Engine own = engine(chunk);
    own.add_optimiser("main", {"main", "head"});
    own.begin_step(0);
    own.update("main", at::log_softmax(logits(own), 1).select(1, 0).mean());
    at::Tensor gradients = own.first_gradients().at("main");
    if (chunk == 0) whole = gradients;
    EXPECT_LT((gradients - whole).abs().max().item<double>(), 1e-14) << chunk;
  }
  EXPECT_GT(whole.abs().max().item<double>(), 1e-3);
}

TEST_F(EngineTest, ALossFromBeforeAnUpdateIsAnError) {
  Engine own = engine();
  own.add_optimiser("main", {"main", "head"});
  own.begin_step(0);
  at::Tensor old = logits(own);
  own.update("main", old.sum());
  try {
    own.update("main", (old * old).sum());
    FAIL();
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("from before an update"));
  }
}

TEST_F(EngineTest, OutputsOfAnotherOptimisersNetworkStayUsable) {
  Engine own = engine();
  own.add_network("other", TowerKind::image, "", "");
  own.add_optimiser("main", {"main", "head"});
  own.add_optimiser("second", {"other"});
  own.begin_step(0);
  at::Tensor second = own.forward("other", std::string("weak"), ids_, true, "train").features();
  own.update("main", logits(own).sum());
  own.update("second", (second * second).sum());
  EXPECT_GT(own.first_gradients().at("second").abs().max().item<double>(), 0);
}

TEST_F(EngineTest, EveryParameterGetsAGradientAndTheStepAlwaysRuns) {
  settings_.set("train.weight_decay", 0.5);
  Engine own = engine();
  own.add_optimiser("main", {"main", "head"});
  at::Tensor before = own.parameters().at("A").clone();
  own.begin_step(0);
  own.update("main", at::zeros({}, at::kDouble));  // a loss that reaches nothing
  EXPECT_TRUE(at::allclose(own.parameters().at("A"), before * (1 - 0.1 * 0.5)));
}

TEST_F(EngineTest, WhatIsInNoOptimiserIsFrozen) {
  Engine own = engine();
  own.add_optimiser("main", {"head"});
  own.begin_step(0);
  at::Tensor a = own.parameters().at("A").clone(), w = own.parameters().at("W").clone();
  own.update("main", logits(own).pow(2).sum());
  EXPECT_TRUE(at::equal(own.parameters().at("A"), a));
  EXPECT_FALSE(at::equal(own.parameters().at("W"), w));
}

TEST_F(EngineTest, ACopyFollowsItsSource) {
  Engine own = engine();
  own.add_network("key", TowerKind::image, "main", "");
  own.add_optimiser("main", {"main", "head"});
  own.begin_step(0);
  at::Tensor before = own.parameters().at("A").clone();
  EXPECT_TRUE(at::equal(own.parameters().at("key.A"), before));
  own.update("main", logits(own).pow(2).sum());
  own.follow("key", 0.75);
  EXPECT_TRUE(at::allclose(own.parameters().at("key.A"), 0.75 * before + 0.25 * own.parameters().at("A")));
  EXPECT_THROW(own.follow("main", 0.5), InternalError);
}

TEST_F(EngineTest, AMixtureIsOfInputs) {
  Engine own = engine();
  method::Ids partner(ids_.on_host().flip(0), at::kCPU);
  at::Tensor mixed = own.forward("main", method::Rows{{{"weak", ids_}}, partner, at::scalar_tensor(0.3, at::kDouble)},
                                 ids_, false, "train")
                         .features();
  at::Tensor want = at::matmul(0.3 * x_ + 0.7 * x_.flip(0), own.parameters().at("A").t());
  EXPECT_TRUE(at::allclose(mixed, want));
}

// Weights by pixel: a mask of cells over the image, whatever the image's size, in whole batches, chunks and slices.
TEST_F(EngineTest, AMixtureByCellsGivesEachPixelTheWeightOfItsCell) {
  struct Flat final : model::Architecture {
    struct Tower final : model::Tower {
      Tower() { weights_.add("A", at::zeros({1}, at::kDouble), true); }
      std::int64_t width() const override { return 3 * 4 * 6; }
      model::Outputs rows(const at::Tensor& images) override { return {{"features", images.flatten(1)}}; }
    };
    std::unique_ptr<model::Tower> tower(std::string_view, TowerKind) override { return std::make_unique<Tower>(); }
  };
  at::Tensor images = at::linspace(-1, 1, 5 * 3 * 4 * 6, at::kDouble).view({5, 3, 4, 6});
  at::Tensor cells = at::tensor({1.0, 0.0, 0.25, 0.5, 1.0, 0.0}, at::kDouble).view({2, 3});
  // 4 x 6 pixels in 2 x 3 cells: two by two.
  at::Tensor weight = cells.repeat_interleave(2, 0).repeat_interleave(2, 1);
  at::Tensor want = (weight * images + (1 - weight) * images.flip(0)).flatten(1);
  for (std::int64_t chunk : {0, 2}) {
    RowsSource source(images);
    Flat flat;
    method::Facts facts{&settings_, 2, 1, 5, 5, 3, at::TensorOptions(at::kDouble)};
    Engine own(facts, source, flat, *alone_, chunk);
    own.add_network("main", TowerKind::image, "", "");
    method::Ids ids = method::Ids::range(0, 5, at::kCPU), partner(ids.on_host().flip(0), at::kCPU);
    auto mixed = [&](const at::Tensor& by) {
      return own.forward("main", method::Rows{{{"weak", ids}}, partner, by}, ids, false, "train").features();
    };
    EXPECT_TRUE(at::allclose(mixed(cells), want)) << chunk;
    at::Tensor finer = at::linspace(0, 1, 8 * 12, at::kDouble).view({8, 12});  // than the image: every second one
    at::Tensor taken = finer.slice(0, 0, 8, 2).slice(1, 0, 12, 2);
    EXPECT_TRUE(at::allclose(mixed(finer), (taken * images + (1 - taken) * images.flip(0)).flatten(1)));
  }
}

TEST_F(EngineTest, StatesAreWrittenInPlaceAndKept) {
  Engine own = engine();
  own.add_state("q", at::zeros({2}, at::kDouble), Keep::every_epoch);
  own.add_state("r", at::zeros({2}, at::kDouble), Keep::last);
  for (int epoch = 0; epoch < 2; ++epoch) {
    own.state("q").add_(1);
    own.state("r").add_(1);
    own.end_epoch();
  }
  EXPECT_TRUE(at::equal(own.states().at("q"), at::tensor({1., 1., 2., 2.}, at::kDouble).view({2, 2})));
  EXPECT_TRUE(at::equal(own.states().at("r"), at::tensor({2., 2.}, at::kDouble)));
  EXPECT_THROW(own.state("s"), InternalError);
}

// Confidences of all epochs of a large run would not fit: only a traced run keeps them.
TEST_F(EngineTest, ATracedStateHasAHistoryInATracedRun) {
  for (bool traced : {false, true}) {
    method::Facts facts{&settings_, 2, 1, 7, 7, 3, at::TensorOptions(at::kDouble), traced};
    Engine own(facts, source_, *toy_, *alone_, 0);
    own.add_state("q", at::zeros({2}, at::kDouble), Keep::traced);
    own.add_state("count", at::full({}, 3, at::TensorOptions(at::kLong)), Keep::traced);
    for (int epoch = 0; epoch < 2; ++epoch) own.end_epoch();
    EXPECT_EQ(own.states().at("q").dim(), traced ? 2 : 1);
    EXPECT_EQ(own.figures(), (std::map<std::string, double>{{"count", 3}})) << "a state without dimensions is a figure";
  }
}

TEST_F(EngineTest, ParametersThatTwoNetworksNameAlikeKeepApart) {
  struct Alike final : model::Architecture {
    struct Tower final : model::Tower {
      explicit Tower(double value) { weights_.add("A", at::full({3, 4}, value, at::kDouble), true); }
      model::Outputs rows(const at::Tensor& inputs) override {
        return {{"features", at::matmul(inputs, weights_.all()[0].use.t())}};
      }
      std::int64_t width() const override { return 3; }
    };
    std::unique_ptr<model::Tower> tower(std::string_view network, model::TowerKind) override {
      return std::make_unique<Tower>(network == "main" ? 1 : 2);
    }
  } alike;
  Engine own({&settings_, 2, 1, 7, 7, 3, at::TensorOptions(at::kDouble)}, source_, alike, *alone_, 0);
  for (const char* name : {"generator", "main"}) own.add_network(name, TowerKind::image, "", "");
  own.add_optimiser("generator", {"generator"});
  EXPECT_EQ(own.parameters().at("A")[0][0].item<double>(), 1) << "main has the plain name";
  EXPECT_EQ(own.parameters().at("generator.A")[0][0].item<double>(), 2);
  EXPECT_EQ(own.trained_parameters().size(), 1u);
  EXPECT_TRUE(own.trained_parameters().count("generator.A"));
}

TEST_F(EngineTest, DrawsDependOnTheirCoordinatesAlone) {
  Engine own = engine();
  auto draw = [&](const char* purpose, std::int64_t index) {
    return own.draw(purpose, index, false, [](Stream& s) { return at::scalar_tensor(s.uniform(), at::kDouble); })
        .item<double>();
  };
  own.begin_epoch(0);
  own.begin_step(0);
  double first = draw("mix", 0);
  EXPECT_EQ(draw("mix", 0), first);
  EXPECT_NE(draw("mix", 1), first);
  EXPECT_NE(draw("other", 0), first);
  own.begin_epoch(1);
  EXPECT_NE(draw("mix", 0), first);
}

TEST_F(EngineTest, ALossThatIsNotFiniteIsRemembered) {
  Engine own = engine();
  own.add_optimiser("main", {"main", "head"});
  own.begin_step(0);
  own.update("main", logits(own).sum());
  own.end_step();
  EXPECT_FALSE(own.bad_iteration());
  for (int again = 0; again < 2; ++again) {
    own.begin_step(1 + again);
    own.update("main", logits(own).sum() * std::numeric_limits<double>::quiet_NaN());
    own.end_step();
    EXPECT_EQ(own.bad_iteration(), 1) << "the first one counts";
  }
}

}  // namespace
}  // namespace winnow::train
