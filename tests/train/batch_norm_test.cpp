// Full tuning of towers with BatchNorm: moments of the whole batch whatever the gang's width, running averages in all
// that outlives a step. Run the first ones as `mpirun -n k test-train --gtest_filter=Gang*`, too.
#include "../comm/joined_gang.h"
#include "miniature.h"
#include "winnow/model/untrained_tower.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class BatchNorms : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    model::write_snapshot(
        folder_ / "resnet",
        model::untrained_tower({{"model_type", "wide_resnet"}, {"depth", 10}, {"widen_factor", 1}, {"image_size", 12}},
                               7));
  }
  Stage tuned(const std::string& method, const char* precision = "fp64") {
    Stage stage = train(method);
    for (auto [key, value] : std::map<std::string, Value>{{"adapt", "full-tuning"},
                                                          {"batch_norm", "batch"},
                                                          {"head_init", "random"},
                                                          {"head", "linear"},
                                                          {"train.precision", precision},
                                                          {"train.batch", 59},
                                                          {"train.lr", 1e-3}})
      stage.settings.set(key, value);
    if (method == "ce") stage.settings.set("labels.kind", "symmetric");
    stage.outputs.insert(Output::weights);
    return stage;
  }
  Context context() {
    Context result = Miniature::context();
    result.inputs["backbone"] = folder_ / "resnet";
    return result;
  }
  Execution run(const Stage& stage) { return execute(stage, context(), *alone_, quiet_); }
};
using GangBatchNorm = BatchNorms;

// 59 of 60 samples are a batch: the last one has a single row, so that processes with nothing take part in its moments.
TEST_F(GangBatchNorm, AGangHasTheGradientsAndAveragesOfOneProcess) {
  if (comm::gang().size() == 1) GTEST_SKIP() << comm::kAlone;
  for (const char* method : {"ce", "crdpll"}) {
    Execution whole = run(tuned(method)), split = execute(tuned(method), context(), comm::gang(), quiet_);
    const at::Tensor &a = whole.trace.first_gradients.at("main"), &b = split.trace.first_gradients.at("main");
    EXPECT_LT((a - b).abs().max().item<double>(), 1e-9 * std::max(1.0, a.abs().max().item<double>())) << method;
    for (const auto& [name, tensor] : whole.trace.parameters)
      EXPECT_LT((tensor - split.trace.parameters.at(name)).abs().max().item<double>(),
                1e-5 * std::max(1.0, tensor.abs().max().item<double>()))
          << method << " " << name;
    std::string own = split.content.result_digest().hex();
    EXPECT_EQ(own, comm::agree(comm::gang(), own)) << method;
  }
}

TEST_F(GangBatchNorm, ACopyFollowsTheAverages) {
  Execution split = execute(tuned("pico"), context(), comm::gang(), quiet_);
  const auto& all = split.trace.parameters;
  at::Tensor own = all.at("bn1.running_mean"), key = all.at("key.bn1.running_mean");
  EXPECT_GT(own.abs().max().item<double>(), 0);
  EXPECT_GT(key.abs().max().item<double>(), 0);
  EXPECT_LT(key.abs().max().item<double>(), own.abs().max().item<double>()) << "slower";
}

TEST_F(BatchNorms, TheRunFileHoldsTheAverages) {
  Execution tuned_run = run(tuned("cc"));
  ASSERT_TRUE(tuned_run.content.arrays.count("weights/block2.layer.0.bn2.running_var"));
  Stage stored = tuned("cc");
  stored.settings.set("batch_norm", "stored");
  Execution stored_run = run(stored);
  EXPECT_FALSE(stored_run.content.arrays.count("weights/block2.layer.0.bn2.running_var"));
  at::Tensor kept = stored_run.trace.parameters.at("bn1.running_mean");
  EXPECT_EQ(kept.abs().max().item<double>(), 0) << "a stored mean of zero stays";
  Stage probe = tuned("cc");
  probe.settings.set("adapt", "linear-probe");
  EXPECT_FALSE(run(probe).content.arrays.count("weights/bn1.running_mean"));
}

TEST_F(BatchNorms, AStoppedStageGoesOnFromItsAverages) {
  class Stopping final : public Observer {
   public:
    bool report_wanted(std::int64_t step, std::int64_t) override {
      step_ = step;
      return false;
    }
    bool stop_wanted() override { return step_ == 3; }

   private:
    std::int64_t step_ = 0;
  } stopping;
  for (const char* method : {"proden", "pico"}) {
    std::filesystem::remove_all(folder_ / "checkpoint");
    Stage stage = tuned(method, "fp32");
    Context kept = context();
    kept.checkpoint = folder_ / "checkpoint";
    EXPECT_THROW(execute(stage, kept, *alone_, stopping), Stopped);
    EXPECT_EQ(execute(stage, kept, *alone_, quiet_).content.result_digest(), run(stage).content.result_digest())
        << method;
  }
}

TEST_F(BatchNorms, ChunksAreRefusedByName) {
  Context chunked = context();
  chunked.chunk = 5;
  try {
    execute(tuned("cc"), chunked, *alone_, quiet_);
    ADD_FAILURE() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("network 'main' normalises whole batches (batch_norm = \"batch\"), chunks of 5 "
                                        "rows would change its result"));
  }
  Stage stored = tuned("cc");
  stored.settings.set("batch_norm", "stored");
  EXPECT_NO_THROW(execute(stored, chunked, *alone_, quiet_));
}

}  // namespace
}  // namespace winnow::train
