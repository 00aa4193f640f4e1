// Heads that start from the training set's features and the labels that the learner may see.
#include "../../src/train/head_start.h"

#include "../../src/train/open_images.h"
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
  // With the subset that an earlier stage selected of all 60 samples, where there is one.
  std::unique_ptr<ImageSource> source(const Stage& stage, const std::map<std::string, at::Tensor>& selection = {}) {
    EarlierLabels earlier;
    earlier.selection = selection;
    if (!selection.empty()) earlier.selected_samples = at::arange(60, at::kLong);
    return std::move(open_images(stage, context(),
                                 {.normalisation = {{0.3, 0.3, 0.3}, {0.3, 0.3, 0.3}},
                                  .image_size = 28,
                                  .labels = true,
                                  .training = true,
                                  .earlier = earlier})
                         .source);
  }
  at::Tensor rows(const char* init, ImageSource& from, comm::Collective& collective) {
    Context on_cpu = context();
    on_cpu.device = at::kCPU;
    return head_rows_from_data(init, snapshot_, options_, from, on_cpu, collective);
  }

  model::Snapshot snapshot_;
  model::ClassifierOptions options_;
};
using GangHeadStart = HeadStart;

TEST_F(HeadStart, ClassMeansAreMeansOfPlainFeatures) {
  auto opened = source(labelled("symmetric", 0.4));
  ImageSource& from = *opened;
  at::Tensor got = rows("class-mean", from, *alone_);
  auto tower = model::bare_tower(snapshot_, options_);
  at::Tensor features = tower->rows(from.inputs("train", "plain", at::arange(60), 0)).features().to(at::kDouble);
  for (std::int64_t c = 0; c < 10; ++c) {
    at::Tensor mean = features.index_select(0, at::nonzero(from.given() == c).flatten()).mean(0);
    EXPECT_LT((got[c] - mean / mean.norm()).abs().max().item<double>(), 1e-6) << c;
  }
}

TEST_F(HeadStart, CandidatesWeighAlike) {
  auto opened = source(labelled("flip", 0.3));
  ImageSource& from = *opened;
  at::Tensor got = rows("class-mean", from, *alone_), sets = from.candidates().to(at::kDouble);
  auto tower = model::bare_tower(snapshot_, options_);
  at::Tensor features = tower->rows(from.inputs("train", "plain", at::arange(60), 0)).features().to(at::kDouble);
  at::Tensor sum = at::mm((sets / sets.sum(1, true)).t(), features);
  EXPECT_LT((got - sum / sum.norm(2, {1}, true)).abs().max().item<double>(), 1e-6);
}

// With the given labels handed over, other true labels change no row.
TEST_F(HeadStart, TrueLabelsChangeNothing) {
  for (const char* init : {"class-mean", "linear-probe"}) {
    write_cache();
    at::Tensor given = source(labelled("symmetric", 0.4))->given().clone();
    std::map<std::string, at::Tensor> selection{{"mask", at::ones({60})}, {"label", given}};
    at::Tensor want = rows(init, *source(labelled("symmetric", 0.4), selection), *alone_);
    write_cache([](std::int64_t label) { return 9 - label; });
    auto forged = source(labelled("symmetric", 0.4), selection);
    EXPECT_FALSE(at::equal(forged->given(), given));
    EXPECT_TRUE(at::equal(rows(init, *forged, *alone_), want)) << init;
  }
}

TEST_F(HeadStart, ASelectionsItemsCount) {
  at::Tensor all = rows("class-mean", *source(labelled("symmetric", 0.4)), *alone_);
  at::Tensor one = at::zeros({60, 10});  // column-wise: the first ten samples, each of its own class
  for (std::int64_t i = 0; i < 10; ++i) one[i][i] = 1;
  auto opened = source(labelled("symmetric", 0.4), {{"mask", one.clone()}});
  ImageSource& from = *opened;
  auto tower = model::bare_tower(snapshot_, options_);
  at::Tensor features = tower->rows(from.inputs("train", "plain", at::arange(10), 0)).features().to(at::kDouble);
  EXPECT_LT((rows("class-mean", from, *alone_) - features / features.norm(2, {1}, true)).abs().max().item<double>(),
            1e-6);
  EXPECT_FALSE(at::allclose(all, features / features.norm(2, {1}, true)));
  one[3].zero_();
  for (const char* init : {"class-mean", "linear-probe"}) try {
      rows(init, *source(labelled("symmetric", 0.4), {{"mask", one}}), *alone_);
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
  EXPECT_THAT(refusal(sets),
              HasSubstr("head_init = linear-probe wants one given label a sample, here are candidate sets"));
}

TEST_F(GangHeadStart, AGangHasTheRowsOfOneProcess) {
  if (comm::gang().size() == 1) GTEST_SKIP() << comm::kAlone;
  auto opened = source(labelled("symmetric", 0.4));
  ImageSource& from = *opened;
  for (const char* init : {"class-mean", "linear-probe"})
    EXPECT_LT((rows(init, from, *alone_) - rows(init, from, comm::gang())).abs().max().item<double>(), 1e-4) << init;
}

}  // namespace
}  // namespace winnow::train
