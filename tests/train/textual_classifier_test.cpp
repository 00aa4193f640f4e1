// A learned prompt in the place of a head: with VPT, DeFT's VLPT. docs/methods/noisy-labels.md#7.
#include "../../src/train/arrays.h"
#include "miniature.h"

namespace winnow::train {
namespace {

class TextualClassifier : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  Stage stage(const std::string& method, const std::string& adapt) {
    Stage result = train(method);
    result.settings.set("labels.kind", "symmetric");
    result.settings.set("adapt", adapt);
    result.settings.set("context_length", 2);
    result.settings.set("context_of", "all");
    result.settings.set("name_place", "end");
    result.settings.set("period", true);
    result.settings.set("train.lr", 1e-3);
    result.outputs.insert(Output::weights);
    return result;
  }
  Stage textual(const std::string& method, const std::string& adapt) {
    Stage result = stage(method, adapt);
    result.settings.set("classifier", "prompts");
    return result;
  }
  static std::set<std::string> trained(const store::RunContent& content) {
    std::set<std::string> names;
    for (const auto& [name, array] : content.arrays)
      if (name.starts_with("weights/")) names.insert(name.substr(8));
    return names;
  }
};

// On a frozen tower cross-entropy over a prompt is CoOp, which has code of its own.
TEST_F(TextualClassifier, OnAFrozenTowerIsCoOp) {
  store::RunContent own = run(textual("ce", "linear-probe")).content, coop = run(stage("coop", "linear-probe")).content;
  const store::Table &here = own.tables.at("metrics/epochs"), &there = coop.tables.at("metrics/epochs");
  ASSERT_EQ(here.size(), there.size());
  for (std::size_t i = 0; i < here.size(); ++i) EXPECT_EQ(here[i].values, there[i].values) << here[i].name;
  EXPECT_EQ(trained(own), (std::set<std::string>{"prompts.context"}));
  EXPECT_EQ(own.arrays.at("weights/prompts.context").bytes, coop.arrays.at("weights/prompts.context").bytes);
}

TEST_F(TextualClassifier, TrainsThePromptBesideTheTowersModulesAndNoHead) {
  Execution first = run(textual("ce", "vpt-deep"));
  std::set<std::string> names = trained(first.content);
  EXPECT_TRUE(names.count("prompts.context"));
  EXPECT_GT(names.size(), 1u) << "VPT";
  for (const std::string& name : names) EXPECT_FALSE(name.starts_with("head")) << name;
  Stage still = textual("ce", "vpt-deep");
  still.settings.set("train.lr", 0.0);
  still.settings.set("train.weight_decay", 0.0);
  store::RunContent start = run(still).content;
  for (const std::string& name : names)
    EXPECT_NE(first.content.arrays.at("weights/" + name).bytes, start.arrays.at("weights/" + name).bytes)
        << name << " got a gradient";
}

// The loss of all samples before an epoch, a memory, a selection in each batch: all of them see these logits.
TEST_F(TextualClassifier, EveryMethodThatDeclaresItRunsIt) {
  std::size_t able = 0;
  for (const auto& [name, method] : catalogue_.methods) {
    bool declared = std::any_of(method.keys.begin(), method.keys.end(),
                                [](const sweep::Key& key) { return key.key == "classifier"; });
    if (!declared) continue;
    ++able;
    Stage stage = textual(name, "vpt-deep");
    stage.settings.set("warmup_epochs", 0);
    EXPECT_TRUE(trained(run(stage).content).count("prompts.context")) << name;
  }
  EXPECT_EQ(able, 6u) << "ce, elr, sce, gce, gmm, small-loss";
}

}  // namespace
}  // namespace winnow::train
