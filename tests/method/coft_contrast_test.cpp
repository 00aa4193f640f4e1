// What the contrast of CoFT+ may compare: a projection of the features, and a view of the query's own.
// docs/methods/unsupervised.md#4.2, #9 (A13).
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "../refusal.h"
#include "recorded.h"
#include "winnow/method/formulas.h"
#include "winnow/model/normalise.h"

namespace winnow::method {
namespace {

using testing::HasSubstr;

class CoFTContrastTest : public testing::Test {
 protected:
  static constexpr std::int64_t kSamples = 6, kClasses = 3, kBatch = 3, kEpochs = 2;
  sweep::Catalogue catalogue_ = sweep::Catalogue::built_in({});
  train::Replay recorded_ = recorded_run(kSamples, kClasses, kBatch, kEpochs);
  std::map<std::string, Value> settings_{{"train.lr", 0.1}, {"train.optimizer", "sgd"}, {"queue_length", 6}};

  CoFTContrastTest() { recorded_.views["train"]["query"] = "x_s2"; }

  train::Trace run() {
    Stage stage = recorded_stage(catalogue_.method("coft-contrast"), catalogue_, recorded_);
    for (const auto& [key, value] : settings_) stage.settings.set(key, value);
    return execute_recorded(stage, recorded_).trace;
  }
  at::Tensor first_batch(const char* view) { return recorded_.tensors.at(view).narrow(0, 0, kBatch); }
  at::Tensor features(const at::Tensor& x) { return at::matmul(x, recorded_.tensors.at("main").t()); }
  at::Tensor projected(const at::Tensor& rows) {
    auto own = [&](const char* part) { return recorded_.tensors.at(std::string("neck.") + part); };
    return model::normalise_rows(at::linear(at::relu(at::linear(rows, own("w1"), own("b1"))), own("w2"), own("b2")));
  }
};

TEST_F(CoFTContrastTest, TheProjectorIsTrainedAndItsKeysFollow) {
  settings_["projector"] = "mlp";
  settings_["projector_width"] = 3;
  settings_["mu"] = 0.5;
  train::Trace trace = run();
  EXPECT_EQ(trace.states.at("queue").sizes(), (at::IntArrayRef{6, 3})) << "keys as the projector makes them";
  EXPECT_FALSE(at::equal(trace.parameters.at("neck.w1"), recorded_.tensors.at("neck.w1"))) << "it is trained";
  at::Tensor key = trace.parameters.at("key_neck.neck.w1");
  EXPECT_FALSE(at::equal(key, recorded_.tensors.at("neck.w1"))) << "its copy follows";
  EXPECT_FALSE(at::equal(key, trace.parameters.at("neck.w1"))) << "behind it";
  EXPECT_TRUE(at::allclose(trace.states.at("queue").norm(2, 1), at::ones({6}, at::kDouble)));
}

TEST_F(CoFTContrastTest, WithoutAWeightTheProjectorStays) {
  settings_["projector"] = "mlp";
  settings_["projector_width"] = 3;
  settings_["gamma"] = 0.0;
  settings_["train.weight_decay"] = 0.0;
  train::Trace trace = run();
  EXPECT_TRUE(at::equal(trace.parameters.at("neck.w1"), recorded_.tensors.at("neck.w1")));
  settings_["projector"] = "none";
  EXPECT_TRUE(at::equal(run().parameters.at("main"), trace.parameters.at("main"))) << "the tuning is what it was";
}

// Of the first step the queue is empty: the own key is the only one, and the contrast nothing. Of the second, whose
// rate is 0 as well, it holds the keys of the first: all weights are as they began.
TEST_F(CoFTContrastTest, TheQueryMayHaveAViewOfItsOwn) {
  settings_["train.lr"] = 0.0;
  settings_["tau_prime"] = 0.5;
  for (bool own : {false, true}) {
    for (bool projects : {false, true}) {
      settings_["query_view"] = own ? "own" : "weak";
      settings_["projector"] = projects ? "mlp" : "none";
      settings_["projector_width"] = 3;
      auto unit = [&](const at::Tensor& x) {
        return projects ? projected(features(x)) : model::normalise_rows(features(x));
      };
      at::Tensor query = unit(recorded_.tensors.at(own ? "x_s2" : "x_w").narrow(0, kBatch, kBatch)),
                 key = unit(recorded_.tensors.at("x_s").narrow(0, kBatch, kBatch)), queue = unit(first_batch("x_s"));
      at::Tensor similarity = at::cat({(query * key).sum(1, true), at::matmul(query, queue.t())}, 1) / 0.5;
      at::Tensor want = -at::log_softmax(similarity, 1).select(1, 0).mean();
      train::Trace trace = run();
      EXPECT_NEAR(trace.logged.at("loss_cont")[0].item<double>(), 0, 1e-12);
      EXPECT_NEAR(trace.logged.at("loss_cont")[1].item<double>(), want.item<double>(), 1e-12)
          << "own view " << own << ", projected " << projects;
    }
  }
}

// Of the second epoch's first step the queue holds a key of every image, the query's own among them: it is a negative
// like any other, or left out.
TEST_F(CoFTContrastTest, KeysOfTheSameImageMayCount) {
  settings_["train.lr"] = 0.0;
  settings_["tau_prime"] = 0.5;
  at::Tensor query = model::normalise_rows(features(first_batch("x_w"))),
             keys = model::normalise_rows(features(recorded_.tensors.at("x_s")));
  at::Tensor own = (query * keys.narrow(0, 0, kBatch)).sum(1, true), others = at::matmul(query, keys.t());
  at::Tensor same = at::eye(kBatch, kSamples, at::TensorOptions(at::kBool));
  for (bool masked : {true, false}) {
    settings_["mask_same_image"] = masked;
    at::Tensor negative = masked ? others.masked_fill(same, -kInfinity) : others;
    at::Tensor want = -at::log_softmax(at::cat({own, negative}, 1) / 0.5, 1).select(1, 0).mean();
    EXPECT_NEAR(run().logged.at("loss_cont")[kSamples / kBatch].item<double>(), want.item<double>(), 1e-12) << masked;
  }
}

TEST_F(CoFTContrastTest, OtherWordsAreRefused) {
  settings_["projector"] = "linear";
  EXPECT_THAT(refusal([&] { run(); }), testing::AllOf(HasSubstr("projector"), HasSubstr("none"), HasSubstr("mlp")));
  settings_["projector"] = "none";
  settings_["query_view"] = "key";
  EXPECT_THAT(refusal([&] { run(); }), testing::AllOf(HasSubstr("query_view"), HasSubstr("weak"), HasSubstr("own")));
}

}  // namespace
}  // namespace winnow::method
