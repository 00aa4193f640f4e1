// The stages of a sweep: what is shared, what belongs to an identity, and that the fast way to make a million of them
// is the slow way.
#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::ElementsAre;

class Graph : public SweepTest {
 protected:
  // The identity of a sweep's only cell.
  std::string identity(const std::string& text, const std::vector<std::string>& sets = {}) const {
    Plan p = plan(text, sets);
    EXPECT_EQ(p.experiments(), 1u);
    return p.nodes()[p.cell_node(0)].identity.hex();
  }
  static void expect_regenerated(const Plan& p) {
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i) ASSERT_EQ(p.stage(i).identity(), p.nodes()[i].identity) << i;
  }
};

TEST_F(Graph, SeedsCostNothing) {
  const std::string seeds = "seed = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n";
  EXPECT_EQ(plan(sweep("[[grid]]\nmethod = [\"cc\", \"proden\"]\n" + seeds)).resolved(), 2u);
  const std::string law = "labels = { kind = \"flip\", rate = 0.1, law = \"numpy-legacy\" }\n";
  EXPECT_EQ(plan(sweep("[[grid]]\nmethod = \"cc\"\n" + law + seeds)).resolved(), 10u) << "it limits them";
}

TEST_F(Graph, ExperimentsShareTheBackbone) {
  Plan p = plan(sweep("[[grid]]\nmethod = [\"cc\", \"proden\"]\nseed = [0, 1]"));
  ASSERT_EQ(p.nodes().size(), 5u);
  EXPECT_EQ(p.nodes()[0].label, "backbone");
  EXPECT_TRUE(p.nodes()[0].inputs.empty());
  for (std::uint32_t i = 1; i < 5; ++i) {
    EXPECT_EQ(p.nodes()[i].label, "train");
    EXPECT_THAT(p.nodes()[i].inputs, ElementsAre(0u));
    EXPECT_EQ(p.cell_node(i - 1), i);
  }
}

// Stages of the experiment that was asked for last are kept: in the order of the nodes, to and fro, by several threads.
TEST_F(Graph, AStageIsTheSameInWhateverOrderAndByWhomeverItIsAskedFor) {
  const Plan p = plan(sweep("[[grid]]\nmethod = [\"cc\", \"proden\", \"crdpll\"]\nseed = [0, 1, 2, 3]"));
  const auto count = static_cast<std::uint32_t>(p.nodes().size());
  ASSERT_EQ(count, 13u);
  expect_regenerated(p);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t stride : {1u, 5u, 7u, 12u})
    threads.emplace_back([&, stride] {
      for (std::uint32_t i = 0; i < 20 * count; ++i) {
        std::uint32_t node = i * stride % count;
        if (p.stage(node).identity() != p.nodes()[node].identity) ++wrong;
        Stage own = p.stage(node);
        own.settings.set("seed", 99);  // a copy: what is done to it is nobody else's
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_THROW(p.stage(count), std::out_of_range);
  expect_regenerated(p);
}

TEST_F(Graph, WhatATrainStageIs) {
  Plan p = plan(sweep("method = \"cc\"\ntrain.epochs = 3\nlabels = { kind = \"flip\", rate = 0.5 }"));
  Stage stage = p.stage(1);
  EXPECT_EQ(stage.kind, StageKind::train);
  EXPECT_EQ(stage.outputs, (std::set<Output>{Output::metrics, Output::labels}));
  EXPECT_EQ(stage.inputs.at("backbone"), (Input{p.nodes()[0].identity, Output::weights}));
  EXPECT_FALSE(stage.settings.has("profile"));
  EXPECT_FALSE(stage.settings.has("train.momentum"));  // exists only with sgd
  EXPECT_EQ(stage.settings.integer("labels.seed"), 0);
  EXPECT_TRUE(stage.defaulted.count("labels.seed"));
  EXPECT_EQ(stage.canonical(),
            "{\"fingerprints\":{\"data\":\"0123456789abcdef0123456789abcdef\"},\"inputs\":{\"backbone\":{\"output\":"
            "\"weights\","
            "\"stage\":\"" +
                p.nodes()[0].identity.hex() +
                "\"}},\"kind\":\"train\",\"outputs\":[\"labels\",\"metrics\"],"
                "\"settings\":{\"data.first\":20000,\"dataset\":\"fashion-mnist\",\"labels.kind\":\"flip\",\"labels."
                "rate\":0.5,"
                "\"method\":\"cc\",\"model\":\"nano-clip\",\"train.epochs\":3},\"version\":1}");
  Stage backbone = p.stage(0);
  EXPECT_EQ(backbone.kind, StageKind::pretrain);
  EXPECT_EQ(backbone.settings.text("model"), "nano-clip");
  EXPECT_TRUE(backbone.defaulted.empty());
  EXPECT_EQ(stage_from_json(to_json(stage)).identity(), p.nodes()[1].identity);
}

TEST_F(Graph, AModelWithoutPretrainingIsKnownByItsFingerprint) {
  catalogue_.models.at("nano-clip").pretrain.reset();
  catalogue_.models.at("nano-clip").download = "https://hub/nano-clip";
  EXPECT_EQ(refusal(sweep("method = \"cc\"")),
            "s.toml:3: no weights of nano-clip on this machine: download https://hub/nano-clip and run `winnow model "
            "check nano-clip --root FOLDER` once");
  catalogue_.fingerprints["nano-clip"] = "00000000000000000000000000000001";
  Plan p = plan(sweep("method = \"cc\""));
  ASSERT_EQ(p.nodes().size(), 1u);
  EXPECT_EQ(p.stage(0).fingerprints.at("weights"), "00000000000000000000000000000001");
  expect_regenerated(p);
}

TEST_F(Graph, HowASweepIsWrittenIsNoPartOfAnIdentity) {
  std::string id = identity(sweep("method = \"cc\"\ntrain = { epochs = 3, lr = 1 }"));
  EXPECT_EQ(id, identity(sweep("train.lr = 1.0\ntrain.epochs = 3\nmethod = \"cc\"")));
  EXPECT_EQ(id, identity(sweep("[[grid]]\ntrain = { lr = [1], epochs = [3] }\nmethod = [\"cc\"]")));
  EXPECT_EQ(id, identity(sweep("method = \"cc\"\ntrain.epochs = 3"), {"train.lr=1"}));
  EXPECT_EQ(
      id, identity("name = \"other\"\nquestion = \"?\"\n" + sweep("method = \"cc\"\ntrain = { epochs = 3, lr = 1 }")));
  EXPECT_NE(id, identity(sweep("method = \"cc\"\ntrain = { epochs = 3, lr = 2 }")));
}

TEST_F(Graph, WritingADefaultChangesNothingAndNeitherDoesANewKeyWithADefault) {
  std::string id = identity(sweep("method = \"cc\"\nseed = 4\nlabels = { kind = \"flip\", rate = 0.5 }"));
  EXPECT_EQ(id,
            identity(sweep("method = \"cc\"\nseed = 4\ntrain.epochs = 10\nlabels = { kind = \"flip\", rate = 0.5 }")));
  EXPECT_EQ(id, identity(sweep("method = \"cc\"\nseed = 4\nlabels = { kind = \"flip\", rate = 0.5, seed = 4 }")));
  EXPECT_NE(id, identity(sweep("method = \"cc\"\nseed = 4\nlabels = { kind = \"flip\", rate = 0.5, seed = 5 }")));
  Key fresh;
  fresh.key = "brand_new";
  fresh.fallback = Value(1.5);
  catalogue_.common.push_back(fresh);
  EXPECT_EQ(id, identity(sweep("method = \"cc\"\nseed = 4\nlabels = { kind = \"flip\", rate = 0.5 }")));
}

TEST_F(Graph, ProfilesShareTheStagesInWhichTheyAgree) {
  Plan p = plan(sweep("[[grid]]\nmethod = [\"cc\", \"crdpll\"]\nprofile = [\"intended\", \"reference\"]"));
  EXPECT_EQ(p.experiments(), 4u);
  EXPECT_EQ(p.cell_node(0), p.cell_node(1));  // cc has no reference values
  EXPECT_NE(p.cell_node(2), p.cell_node(3));
  expect_regenerated(p);
}

TEST_F(Graph, TheContentOfTheDataAndTheVersionOfTheMethodBelongToTheIdentity) {
  std::string id = identity(sweep("method = \"cc\""));
  catalogue_.methods.at("cc").version = 2;
  std::string newer = identity(sweep("method = \"cc\""));
  EXPECT_NE(id, newer);
  catalogue_.fingerprints["fashion-mnist"][0] = 'f';
  EXPECT_NE(newer, identity(sweep("method = \"cc\"")));
}

TEST_F(Graph, FastAndSlowWayAgreeWhereDefaultsFollowAxes) {
  // labels.seed follows seed by default, is set beside it, is an axis beside it; data.seed refers to a free axis.
  for (const char* rest :
       {"[[grid]]\nseed = [0, 1, 2]\ntrain.lr = [5e-4, 1]", "labels.seed = 1\n[[grid]]\nseed = [0, 1, 2]",
        "[[grid]]\nlabels.seed = [0, 1]\nseed = [0, 1, 2]", "data.seed = \"=seed\"\n[[grid]]\nseed = [0, 1, 2]",
        "data.seed = \"=labels.seed\"\n[[grid]]\nseed = [0, 1, 2]",
        "[[grid]]\nzip = [{ seed = 0, scale = 25 }, { seed = 1, scale = 1 }, { scale = 2 }]",
        "[[grid]]\ntrain.betas = [[0.9, 0.999], [0, 0]]\nscale = [25, 1e-7]"}) {
    Plan p = plan(sweep(std::string("method = \"cc\"\nlabels.kind = \"flip\"\nlabels.rate = 0.5\n") + rest));
    SCOPED_TRACE(rest);
    expect_regenerated(p);
  }
}

}  // namespace
}  // namespace winnow::sweep
