#include "../../src/train/loop.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../../src/train/checkpoint.h"
#include "../../src/train/curves.h"
#include "../refusal.h"
#include "winnow/train/engine.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

// A method that logs nothing is trained and reported as any other.
TEST(Loop, TheEngineRecordsTheLossOfEachStepItself) {
  struct Rows final : Source {
    at::Tensor given_ = at::zeros({6}, at::kLong);
    std::map<std::string, at::Tensor> none_;
    std::int64_t classes() const override { return 2; }
    std::int64_t size(const std::string&) const override { return 6; }
    std::int64_t epochs() const override { return 2; }
    std::int64_t steps_per_epoch() const override { return 2; }
    std::int64_t batch() const override { return 3; }
    at::Tensor inputs(const std::string&, const std::string&, const at::Tensor& ids, std::int64_t) override {
      return ids.to(at::kDouble).unsqueeze(1);
    }
    std::vector<Batch> batches(std::int64_t) override {
      return {{at::arange(3), given_.narrow(0, 0, 3)}, {at::arange(3, 6), given_.narrow(0, 3, 3)}};
    }
    const at::Tensor& given() override { return given_; }
    const at::Tensor& candidates() override { return given_; }
    const std::map<std::string, at::Tensor>& handed_over() const override { return none_; }
  };
  struct Scalar final : model::Architecture {
    struct Tower final : model::Tower {
      Tower() { weights_.add("a", at::full({1, 1}, 0.5, at::kDouble), true); }
      std::int64_t width() const override { return 1; }
      model::Outputs rows(const at::Tensor& inputs) override {
        return {{"features", at::matmul(inputs, weights_.all()[0].use)}};
      }
    };
    std::unique_ptr<model::Tower> tower(std::string_view, model::TowerKind) override {
      return std::make_unique<Tower>();
    }
  };
  struct Silent final : method::Method {
    bool twice = false, rests = false, logs_loss = false;
    std::vector<double> minimised;
    void setup(method::Setup& setup) override {
      setup.network("main", method::TowerKind::image);
      setup.network("other", method::TowerKind::image);
      setup.optimiser("second", {"other"});
      setup.optimiser("main", {"main"});
    }
    void step(method::Step& step) override {
      if (rests && step.iteration() == 1) return;
      at::Tensor loss = step.forward("main", "weak", step.ids()).features().square().mean();
      at::Tensor second = step.forward("other", "weak", step.ids()).features().sum();
      step.update("main", loss);
      if (twice) step.update("second", second);
      if (logs_loss) step.log("loss", loss);
      minimised.push_back(loss.item<double>());
    }
    method::Outputs predict(method::Forward& forward) override {
      return forward.forward("main", "plain", forward.ids());
    }
  };
  auto trained = [](Silent& method, Curves& curves) {
    Rows rows;
    Scalar scalar;
    Settings settings{std::map<std::string, Value>{{"train.optimizer", "sgd"},
                                                   {"train.lr", 0.001},
                                                   {"train.momentum", 0.0},
                                                   {"train.weight_decay", 0.0},
                                                   {"train.nesterov", false},
                                                   {"train.schedule", "constant"},
                                                   {"seed", 0}}};
    auto alone = comm::alone();
    Observer quiet;
    Stage stage;
    stage.settings = settings;
    Engine engine({&settings, 2, 2, 3, 6, 2, at::TensorOptions(at::kDouble)}, rows, scalar, *alone);
    Context context;
    Checkpoint checkpoint(stage, context, *alone, quiet);
    train_loop(method, "silent", engine, rows, {*alone, quiet, checkpoint}, curves, [] {
      return std::map<std::string, double>{{"accuracy", 0.5}};
    });
    std::vector<double> losses;
    for (const at::Tensor& loss : engine.losses().unbind(0)) losses.push_back(loss.item<double>());
    store::RunContent content;
    curves.put(content, engine.losses());
    EXPECT_EQ(std::get<std::vector<double>>(content.tables.at("metrics/steps")[1].values), losses);
    const auto& epochs = std::get<std::vector<double>>(content.tables.at("metrics/epochs")[1].values);
    EXPECT_DOUBLE_EQ(epochs.at(1), (losses[2] + losses[3]) / 2);
    return losses;
  };
  Silent once, both, resting, logging;
  Curves first, second, third, fourth;
  EXPECT_EQ(trained(once, first), once.minimised);
  both.twice = true;
  EXPECT_EQ(trained(both, second), both.minimised) << "the first update's";
  resting.rests = true;
  std::vector<double> losses = trained(resting, third);
  EXPECT_EQ(losses.size(), 4u);
  EXPECT_EQ(losses[1], 0) << "a step that updates nothing";
  logging.logs_loss = true;
  EXPECT_THAT(winnow::refusal([&] { trained(logging, fourth); }), HasSubstr("logs 'loss', which the engine records"));
}

}  // namespace
}  // namespace winnow::train
