// Heads that start from the training set's features and the labels that the learner may see.
#include "../../src/train/head_start.h"

#include "../comm/joined_gang.h"
#include "miniature.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class HeadStart : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
    snapshot_ = snapshot_at(folder_ / "backbone.h5");
    options_.adapt = "adaptformer";
  }
  Stage labelled(const char* kind, double rate) {
    Stage stage = train("cc");
    stage.settings.set("labels.kind", kind);
    stage.settings.set("labels.rate", rate);
    return stage;
  }
  ImageSource source(const Stage& stage) {
    return ImageSource(stage, context(), {{0.3, 0.3, 0.3}, {0.3, 0.3, 0.3}}, 28, at::TensorOptions(at::kFloat), {.labels = true, .training = true});
  }
  at::Tensor rows(const char* init, ImageSource& from, comm::Collective& collective) { return head_rows_from_data(init, snapshot_, options_, from, collective); }
  // The cache again, with other true labels of the training set.
  void forge_truth() {
    auto [train_images, train_labels] = pictures(60);
    auto [test_images, test_labels] = pictures(20);
    for (std::int64_t& label : train_labels) label = 9 - label;
    write_safetensors(folder_ / "cache",
                      {{"train.images", {"U8", {60, 28, 28, 1}, std::as_bytes(std::span(train_images))}},
                       {"train.labels", {"I64", {60}, std::as_bytes(std::span(train_labels))}},
                       {"test.images", {"U8", {20, 28, 28, 1}, std::as_bytes(std::span(test_images))}},
                       {"test.labels", {"I64", {20}, std::as_bytes(std::span(test_labels))}}},
                      {{"version", "1"}, {"fingerprint", "f"}, {"classes", R"(["a","b","c","d","e","f","g","h","i","j"])"}});
  }

  model::Snapshot snapshot_;
  model::ClassifierOptions options_;
};
using GangHeadStart = HeadStart;

TEST_F(HeadStart, ClassMeansAreMeansOfPlainFeatures) {
  ImageSource from = source(labelled("symmetric", 0.4));
  at::Tensor got = rows("class-mean", from, *alone_);
  auto tower = model::bare_tower(snapshot_, options_);
  at::Tensor features = tower->rows(from.inputs("train", "plain", at::arange(60), 0)).features().to(at::kDouble);
  for (std::int64_t c = 0; c < 10; ++c) {
    at::Tensor mean = features.index_select(0, at::nonzero(from.given() == c).flatten()).mean(0);
    EXPECT_LT((got[c] - mean / mean.norm()).abs().max().item<double>(), 1e-6) << c;
  }
}

TEST_F(HeadStart, CandidatesWeighAlike) {
  ImageSource from = source(labelled("flip", 0.3));
  at::Tensor got = rows("class-mean", from, *alone_), sets = from.candidates().to(at::kDouble);
  auto tower = model::bare_tower(snapshot_, options_);
  at::Tensor features = tower->rows(from.inputs("train", "plain", at::arange(60), 0)).features().to(at::kDouble);
  at::Tensor sum = at::mm((sets / sets.sum(1, true)).t(), features);
  EXPECT_LT((got - sum / sum.norm(2, {1}, true)).abs().max().item<double>(), 1e-6);
}

// With the given labels handed over, other true labels change no row.
TEST_F(HeadStart, TrueLabelsChangeNothing) {
  for (const char* init : {"class-mean", "linear-probe"}) {
    SetUp();
    ImageSource honest = source(labelled("symmetric", 0.4));
    std::map<std::string, at::Tensor> given{{"mask", at::ones({60})}, {"label", honest.given().clone()}};
    honest.hand_over(given);
    at::Tensor want = rows(init, honest, *alone_);
    forge_truth();
    ImageSource forged = source(labelled("symmetric", 0.4));
    EXPECT_FALSE(at::equal(forged.given(), honest.given()));
    forged.hand_over(given);
    EXPECT_TRUE(at::equal(rows(init, forged, *alone_), want)) << init;
  }
}

TEST_F(HeadStart, ASelectionsItemsCount) {
  ImageSource from = source(labelled("symmetric", 0.4));
  at::Tensor all = rows("class-mean", from, *alone_);
  at::Tensor one = at::zeros({60, 10});             // column-wise: the first ten samples, each of its own class
  for (std::int64_t i = 0; i < 10; ++i) one[i][i] = 1;
  from.hand_over({{"mask", one}});
  auto tower = model::bare_tower(snapshot_, options_);
  at::Tensor features = tower->rows(from.inputs("train", "plain", at::arange(10), 0)).features().to(at::kDouble);
  EXPECT_LT((rows("class-mean", from, *alone_) - features / features.norm(2, {1}, true)).abs().max().item<double>(), 1e-6);
  EXPECT_FALSE(at::allclose(all, features / features.norm(2, {1}, true)));
  one[3].zero_();
  from.hand_over({{"mask", one}});
  for (const char* init : {"class-mean", "linear-probe"}) try {
      rows(init, from, *alone_);
      ADD_FAILURE() << "accepted";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(std::string("head_init = ") + init + ": no training sample has the label"));
    }
}

TEST_F(HeadStart, WholeStagesStartFromThem) {
  Stage stage = train("ce");
  stage.settings.set("labels.kind", "clean");
  std::vector<std::string> digests;
  for (const char* init : {"random", "class-mean", "linear-probe"})
    for (const char* head : {"cosine", "linear"}) {
      stage.settings.set("head_init", init);
      stage.settings.set("head", head);
      digests.push_back(run(stage).content.result_digest().hex());
      EXPECT_EQ(run(stage).content.result_digest().hex(), digests.back()) << init;
    }
  EXPECT_EQ(std::set<std::string>(digests.begin(), digests.end()).size(), digests.size());
  Stage sets = train("cc");
  sets.settings.set("head_init", "linear-probe");
  EXPECT_THAT(refusal(sets), HasSubstr("head_init = linear-probe wants one given label a sample, here are candidate sets"));
}

TEST_F(GangHeadStart, AGangHasTheRowsOfOneProcess) {
  ImageSource from = source(labelled("symmetric", 0.4));
  for (const char* init : {"class-mean", "linear-probe"})
    EXPECT_LT((rows(init, from, *alone_) - rows(init, from, comm::gang())).abs().max().item<double>(), 1e-4) << init;
}

}  // namespace
}  // namespace winnow::train
