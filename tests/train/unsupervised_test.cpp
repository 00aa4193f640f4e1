// Methods without labels from the first stage to the last, on a miniature data set: the stages that a sweep plans, each
// on what the ones before it computed.
#include "../../src/train/arrays.h"
#include "graph.h"
#include "winnow/method/ensemble.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class UnsupervisedTest : public Graph {
 protected:
  static std::vector<const Done*> of_kind(const std::vector<Done>& all, StageKind kind) {
    std::vector<const Done*> result;
    for (const Done& done : all)
      if (done.stage.kind == kind) result.push_back(&done);
    return result;
  }
  static double figure(const store::RunContent& content, const std::string& name) {
    for (const store::Column& column : content.tables.at("metrics/final"))
      if (column.name == name) return std::get<std::vector<double>>(column.values).at(0);
    ADD_FAILURE() << "no " << name;
    return NAN;
  }
  static at::Tensor array(const store::RunContent& content, const std::string& name) {
    return tensor_of(content.arrays.at(name));
  }
  // Steps that a training stage took: rows of its losses, which are thinned beyond 500.
  static std::size_t steps(const store::RunContent& content) {
    return std::get<std::vector<double>>(content.tables.at("metrics/steps").back().values).size();
  }

  static constexpr const char* kCoft =
      "method = \"coft\"\nk = 2\ntrain = { epochs = 1, min_steps = 0, batch = 16 }\np1.train = { epochs = 6, batch = "
      "4, "
      "schedule = \"constant\", lr = 0.03 }\n"
      "p1.context_length = 2\n";
};

TEST_F(UnsupervisedTest, CoftFromScoresToTheEnsemble) {
  std::vector<Done> all = graph(kCoft);
  const store::RunContent& cell = all.back().content();
  auto trained = of_kind(all, StageKind::train);
  ASSERT_EQ(trained.size(), 4u);
  std::vector<at::Tensor> members;
  for (const Done* done : trained)
    if (done->stage.settings.text("method") == "ce") members.push_back(array(done->content(), "predictions/logits"));
  ASSERT_EQ(members.size(), 2u);
  EXPECT_FALSE(at::equal(members[0], members[1])) << "two starts";
  at::Tensor mean = method::mean_probability(at::stack(members).to(at::kDouble));
  at::Tensor truth = at::arange(20).remainder(10);
  EXPECT_DOUBLE_EQ(figure(cell, "accuracy"), (mean.argmax(1) == truth).to(at::kDouble).mean().item<double>());
  const store::Table& table = cell.tables.at("metrics/members");
  EXPECT_EQ(table.at(0).name, "member");
  auto own = std::get<std::vector<double>>(table.at(1).values);
  ASSERT_EQ(own.size(), 2u);
  EXPECT_DOUBLE_EQ(figure(cell, "accuracy_members"), (own[0] + own[1]) / 2);
  EXPECT_EQ(table.at(2).name, "phase1_accuracy");
}

TEST_F(UnsupervisedTest, BatchesAreOfWhatWasSelected) {
  std::vector<Done> all = graph(kCoft);
  const store::RunContent& selection = of_kind(all, StageKind::select).at(0)->content();
  auto kept = array(selection, "selection/mask").sum().item<std::int64_t>();
  ASSERT_GT(kept, 4);
  for (const Done* done : of_kind(all, StageKind::train)) {
    if (done->stage.settings.text("method") != "coft-prompts") continue;
    EXPECT_EQ(steps(done->content()), static_cast<std::size_t>(6 * (kept / 4))) << "whole batches of four, six epochs";
    EXPECT_EQ(done->content().arrays.at("scores/logits").shape, (std::vector<std::size_t>{60, 10})) << "of all images";
    EXPECT_EQ(done->content().arrays.at("scores/logits_neg").shape, (std::vector<std::size_t>{60, 10}));
  }
}

// With the true labels of the training images replaced, nothing that a method computes changes.
TEST_F(UnsupervisedTest, TrueLabelsOfTrainingImagesChangeNothing) {
  for (const std::string& name : graph_methods()) {
    const sweep::Method& method = catalogue_.methods.at(name);
    if (method.labels != sweep::LabelNeed::none) continue;
    SCOPED_TRACE(name);
    write_cache();
    std::vector<Done> told = graph(small(method));
    write_cache([](std::int64_t label) { return (label * 7 + 3) % 10; });
    std::vector<Done> forged = graph(small(method));
    ASSERT_EQ(told.size(), forged.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
      ASSERT_EQ(told[i].content().arrays.size(), forged[i].content().arrays.size());
      for (const auto& [array_name, values] : told[i].content().arrays)
        EXPECT_EQ(values.bytes, forged[i].content().arrays.at(array_name).bytes)
            << to_string(told[i].stage.kind) << " " << array_name;
    }
  }
}

TEST_F(UnsupervisedTest, AnImageMayBeAnItemOfSeveralClasses) {
  std::vector<Done> all = graph(
      "method = \"grip\"\nk = 3\nselection = \"columnwise\"\nrounds = 1\ntrain = { epochs = 1, batch = 4, warmup = 1 "
      "}\n"
      "context_length = 2\n");
  const store::RunContent& selection = of_kind(all, StageKind::select).at(0)->content();
  EXPECT_EQ(selection.arrays.at("selection/mask").shape, (std::vector<std::size_t>{60, 10}));
  EXPECT_FALSE(selection.arrays.count("selection/label"));
  EXPECT_TRUE(at::equal(array(selection, "selection/mask").to(at::kLong).sum(0), at::full({10}, 3, at::kLong)));
  EXPECT_EQ(steps(all.back().content()), 8u) << "30 pairs in batches of four";
}

TEST_F(UnsupervisedTest, FewStepsBecomeMoreEpochsAndManyFewer) {
  auto of = [&](const std::string& limits) {
    std::vector<Done> all =
        graph("method = \"upl\"\nk = 2\nmembers = 1\ntrain = { epochs = 3, batch = 8, drop_last = false, " + limits +
              " }\ncontext_length = 2\n");
    auto kept = array(of_kind(all, StageKind::select).at(0)->content(), "selection/mask").sum().item<std::int64_t>();
    std::size_t an_epoch = static_cast<std::size_t>((kept + 7) / 8);
    std::size_t taken = steps(of_kind(all, StageKind::train).at(0)->content());
    EXPECT_EQ(taken % an_epoch, 0u) << "whole epochs";
    return taken / an_epoch;
  };
  EXPECT_EQ(of("min_steps = 0"), 3u);
  EXPECT_GE(of("min_steps = 20"), 20u / 3);
  EXPECT_EQ(of("max_steps = 1"), 1u);
}

TEST_F(UnsupervisedTest, AStageStoppedAmongItemsGoesOnToTheSameResult) {
  std::vector<Done> all = graph(kCoft);
  const Done& p1 = *of_kind(all, StageKind::train).at(0);
  Context own = context();
  own.inputs["selection"] = of_kind(all, StageKind::select).at(0)->file;
  own.checkpoint = folder_ / "checkpoint";
  struct Stopper : Observer {
    bool stop_wanted() override { return ++steps == 3; }
    int steps = 0;
  } stopper;
  EXPECT_THROW(execute(p1.stage, own, *alone_, stopper), Stopped);
  Execution resumed = execute(p1.stage, own, *alone_, quiet_);
  EXPECT_EQ(resumed.content.result_digest().hex(), p1.content().result_digest().hex());
}

TEST_F(UnsupervisedTest, FewShotsOfEachClassAndTheirCache) {
  std::vector<Done> all = graph(
      "method = \"tip-adapter\"\nlabels.kind = \"clean\"\ndata = { shots = 2, validation = 0.3 }\nembed_epochs = 2\n"
      "search_steps = [4, 3]\ntrain = { epochs = 1, batch = 16 }\n");
  const store::RunContent& cache = of_kind(all, StageKind::embed).at(0)->content();
  at::Tensor samples = array(cache, "features/samples");
  EXPECT_EQ(samples.size(0), 20);
  EXPECT_TRUE(at::equal(at::bincount(samples.remainder(10)), at::full({10}, 2, at::kLong))) << "two of each class";
  EXPECT_EQ(cache.arrays.at("features/mean").shape.at(0), 20u);
  EXPECT_GE(figure(all.back().content(), "accuracy"), 0);
}

TEST_F(UnsupervisedTest, WhatDoesNotFitIsRefused) {
  std::vector<Done> all = graph(kCoft);
  const Done& select = *of_kind(all, StageKind::select).at(0);
  const Done& filter = *of_kind(all, StageKind::cross_filter).at(0);
  const Done& score = *of_kind(all, StageKind::score).at(0);
  Context own = context();
  own.inputs["scores"] = score.file;
  Stage fewer = select.stage;
  fewer.settings.set("data.samples", 30);
  EXPECT_THAT(refusal(fewer, own), HasSubstr("scores other samples or classes than this stage has"));
  Stage unknown = select.stage;
  unknown.settings.set("selection", "best");
  EXPECT_THAT(refusal(unknown, own),
              HasSubstr("selection = best: expected argmax, columnwise, deferred or candidates"));
  own.inputs["scores"] = select.file;
  EXPECT_THAT(refusal(select.stage, own), HasSubstr("holds no scores"));
  Context two = context();
  two.inputs["labelling"] = two.inputs["judging"] = score.file;
  EXPECT_THAT(refusal(filter.stage, two), HasSubstr("holds no scores of negative prompts"));
  Context members = context();
  for (const char* name : {"member.1", "member.2", "phase1.1", "phase1.2"}) members.inputs[name] = select.file;
  EXPECT_THAT(refusal(all.back().stage, members), HasSubstr("holds no predictions"));
  Stage shots = of_kind(all, StageKind::score).at(0)->stage;
  shots.settings.set("data.shots", 7);
  EXPECT_THAT(refusal(shots), HasSubstr("data.shots = 7: the class 'a' has 6 training samples"));
}

}  // namespace
}  // namespace winnow::train
