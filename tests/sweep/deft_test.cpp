// The sweeps of DeFT's tables are what they say. docs/methods/noisy-labels.md#3.5, #4, #6.
#include <algorithm>

#include "fixture.h"

namespace winnow::sweep {
namespace {

class Deft : public SweepTest {
 protected:
  Deft() {
    catalogue_ = whole_catalogue();
    catalogue_.labels["cifar-100n"] = {{"noisy", {"l", false, 0}}};
  }
  Plan read(const std::string& name) const {
    return Plan::read(Path(WINNOW_SOURCE_DIR) / "sweeps/deft" / (name + ".toml"), catalogue_);
  }
  Plan read(int table) const { return read("table-" + std::to_string(table)); }
  static std::vector<Stage> stages(const Plan& p, std::string_view label) {
    std::vector<Stage> result;
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) result.push_back(p.stage(i));
    return result;
  }
  static void expect_sgd(const Stage& stage, double lr) {
    EXPECT_EQ(stage.settings.text("train.optimizer"), "sgd");
    EXPECT_EQ(stage.settings.real("train.lr"), lr);
    EXPECT_EQ(stage.settings.real("train.momentum"), 0.9);
    EXPECT_EQ(stage.settings.real("train.weight_decay"), 5e-4);
    EXPECT_EQ(stage.settings.text("implementation"), "deft");
    EXPECT_EQ(stage.settings.text("head"), "linear");
    EXPECT_EQ(stage.settings.text("head_init"), "random");
  }
};

// Rows x columns of the paper; table 9 at two rates.
TEST_F(Deft, EveryCellOfTheTablesIsAnExperiment) {
  const std::map<int, std::uint64_t> want = {{1, 3 * 24}, {2, 5 * 24}, {3, 9 * 3}, {4, 5 * 4},  {5, 3 * 24},
                                             {6, 3 * 8},  {7, 3 * 24}, {8, 8},     {9, 2 * 10}, {10, 6 * 24}};
  for (const auto& [table, count] : want) EXPECT_EQ(read(table).experiments(), count) << "table " << table;
  EXPECT_EQ(read("seeds").experiments(), 3 * 345u) << "cells that two tables share stand once";
  EXPECT_EQ(read("figure-1").experiments(), 3 * 4 * 4u);
  EXPECT_EQ(read("figure-3").experiments(), 2 * 24u);
  EXPECT_EQ(read("figure-4").experiments(), 5 * 4u);
}

TEST_F(Deft, TheReferenceIsThePublishedRecipe) {
  Plan p = read(1);
  std::size_t dual = 0;
  for (const Stage& stage : stages(p, "detect")) {
    if (stage.settings.text("method") == "label-match") continue;
    expect_sgd(stage, 3e-2);
    EXPECT_EQ(stage.settings.text("adapt"), "vpt-deep");
    EXPECT_EQ(stage.settings.integer("vpt_len"), 20);
    EXPECT_EQ(stage.settings.integer("labels.seed"), 0);
    if (stage.settings.text("method") != "dual-prompts") continue;
    ++dual;
    EXPECT_EQ(stage.settings.text("noise_source"), "synthetic");
    EXPECT_EQ(stage.settings.integer("warmup_epochs"), 1);
    EXPECT_EQ(stage.settings.real("positive_weight"), 1);
  }
  EXPECT_EQ(dual, 24u);
  for (int table : {1, 2, 7})
    for (const Stage& stage : stages(read(table), "train")) {
      expect_sgd(stage, 5e-4);
      EXPECT_EQ(stage.settings.text("adapt"), "full-tuning");
      EXPECT_EQ(stage.settings.integer("train.epochs"), 10);
      EXPECT_EQ(stage.settings.integer("train.batch"), 64);
      EXPECT_EQ(stage.settings.text("train.schedule"), "cosine");
    }
}

TEST_F(Deft, TablesShareItsStages) {
  std::set<std::string> one, two, ten;
  auto identities = [](const Plan& p, std::set<std::string>& into) {
    for (std::size_t i = 0; i < p.experiments(); ++i)
      if (p.settings(i).at("method") == "deft") into.insert(p.nodes()[p.cell_node(i)].identity.hex());
  };
  identities(read(1), one), identities(read(2), two), identities(read(10), ten);
  EXPECT_EQ(one.size(), 24u);
  EXPECT_EQ(one, two);
  EXPECT_TRUE(std::includes(ten.begin(), ten.end(), two.begin(), two.end())) << "table 10 prints them again";
}

// Their cells are stages of the tables, where the tables have them.
TEST_F(Deft, FiguresShareTheTablesStages) {
  auto cells = [](const Plan& p) {
    std::set<std::string> found;
    for (std::size_t i = 0; i < p.experiments(); ++i) found.insert(p.nodes()[p.cell_node(i)].identity.hex());
    return found;
  };
  auto shared = [&](const std::set<std::string>& some, const std::set<std::string>& others) {
    return std::count_if(some.begin(), some.end(), [&](const std::string& one) { return others.count(one); });
  };
  std::set<std::string> two = cells(read(2)), ten = cells(read(10)), one = cells(read("figure-1"));
  EXPECT_EQ(shared(one, two), 12) << "full tuning";
  EXPECT_EQ(shared(one, ten), 12) << "VPT with a linear head";
  std::set<std::string> three = cells(read("figure-3"));
  EXPECT_EQ(three.size(), 48u);
  EXPECT_EQ(shared(three, ten), 48) << "DeFT by PEFT, and by full tuning";
  EXPECT_EQ(shared(cells(read("figure-4")), two), 3);
}

TEST_F(Deft, TheTextualClassifierIsAPromptThatIsTrained) {
  std::size_t textual = 0;
  for (const Stage& stage : stages(read("figure-1"), "train")) {
    bool prompts = stage.settings.text("classifier") == "prompts";
    EXPECT_EQ(stage.settings.has("context_length"), prompts);
    if (!prompts) continue;
    ++textual;
    expect_sgd(stage, 3e-2);
    EXPECT_EQ(stage.settings.text("adapt"), "vpt-deep");
    EXPECT_EQ(stage.settings.integer("context_length"), 16);
  }
  EXPECT_EQ(textual, 16u);
}

// Both phases of DeFT see one choice of Clothing1M's images (docs/methods/noisy-labels.md#8).
TEST_F(Deft, ClothingIsCappedOnce) {
  for (const char* sweep : {"table-3", "table-4"}) {
    Plan p = read(sweep);
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i) {
      Stage stage = p.stage(i);
      if (stage.settings.text("dataset") != "clothing1m") continue;
      EXPECT_EQ(stage.settings.integer("data.samples"), 32000);
      EXPECT_EQ(stage.settings.text("data.balance"), "capped");
      EXPECT_EQ(stage.settings.integer("data.seed"), 0);
    }
  }
}

TEST_F(Deft, SevereNoiseHasASmallerRateAndWeight) {
  for (const Stage& stage : stages(read(6), "detect")) {
    if (stage.settings.text("method") == "label-match") continue;
    expect_sgd(stage, 1e-2);
    if (stage.settings.text("method") == "dual-prompts") {
      EXPECT_EQ(stage.settings.real("positive_weight"), 0.25);
    }
  }
}

TEST_F(Deft, RealNoiseIsDetectedAsItsCodeDoes) {
  Plan p = read(3);
  EXPECT_EQ(stages(p, "detect").size(), 3u * 5);
  for (const Stage& stage : stages(p, "detect")) {
    if (stage.settings.text("method") != "dual-prompts") continue;
    bool clothing = stage.settings.text("dataset") == "clothing1m";
    EXPECT_EQ(stage.settings.text("noise_source"), "real");
    EXPECT_EQ(stage.settings.integer("warmup_epochs"), 5);
    EXPECT_EQ(stage.settings.integer("train.epochs"), 10);
    EXPECT_EQ(stage.settings.text("train.schedule"), "constant");
    EXPECT_EQ(stage.settings.integer("train.batch"), clothing ? 32 : 64);
  }
  for (std::size_t i = 0; i < p.experiments(); ++i) {
    Stage stage = p.stage(p.cell_node(i));
    EXPECT_EQ(stage.settings.integer("train.epochs"), stage.inputs.count("selection") ? 5 : 10);
    EXPECT_EQ(stage.settings.text("train.schedule"), "constant");
  }
}

// Their profiles hold in the stage that runs them, over the stage's own (docs/methods/noisy-labels.md#6.9).
TEST_F(Deft, OtherDetectorsTrainAsTheirAuthorsDo) {
  struct Recipe {
    std::int64_t warmup, epochs, batch;
    double lr;
  };
  const std::map<std::string, Recipe> want = {{"rolt", {80, 200, 128, 0.1}},
                                              {"unicon", {30, 350, 64, 0.02}},
                                              {"longremix", {30, 300, 64, 0.02}},
                                              {"promix", {30, 600, 256, 0.05}}};
  for (int table : {3, 8}) {
    std::size_t found = 0;
    for (const Stage& stage : stages(read(table), "detect")) {
      auto recipe = want.find(stage.settings.text("method"));
      if (recipe == want.end() || stage.settings.text("dataset") != "cifar-100n") continue;
      ++found;
      expect_sgd(stage, recipe->second.lr);
      EXPECT_EQ(stage.settings.text("adapt"), "full-tuning");
      EXPECT_EQ(stage.settings.text("batch_norm"), "batch");
      EXPECT_EQ(stage.settings.text("train_rule"), "own");
      EXPECT_EQ(stage.settings.text("model"), "wide-resnet-28-10");
      EXPECT_EQ(stage.settings.integer("warmup_epochs"), recipe->second.warmup);
      EXPECT_EQ(stage.settings.integer("train.epochs"), recipe->second.epochs);
      EXPECT_EQ(stage.settings.integer("train.batch"), recipe->second.batch);
      EXPECT_NE(stage.settings.text("train.schedule"), "constant") << "the schedule is not what table 3 says of DeFT";
    }
    EXPECT_EQ(found, 4u);
    EXPECT_EQ(stages(read(table), "first-run").size(), table == 3 ? 3u : 1u) << "LongReMix runs twice";
  }
}

TEST_F(Deft, OtherModelsLearnWhatOneClipSelected) {
  Plan p = read(4);
  std::size_t prompts = 0, probes = 0;
  for (const Stage& stage : stages(p, "detect")) {
    bool turn = stage.settings.text("method") == "turn";
    expect_sgd(stage, turn ? 1e-2 : 3e-2);
    EXPECT_EQ(stage.settings.text("adapt"), turn ? "linear-probe" : "vpt-deep");
    if (!turn) {
      EXPECT_EQ(stage.settings.text("model"), "clip-vit-b-16");
    }
    ++(turn ? probes : prompts);
  }
  EXPECT_EQ(prompts, 1u);
  EXPECT_EQ(probes, 4u) << "each model probes for itself";
  std::size_t handed = 0;
  for (const Stage& stage : stages(p, "train"))
    if (stage.settings.text("head_init") == "detector") {
      ++handed;
      EXPECT_EQ(stage.inputs.at("head"), (Input{stage.inputs.at("selection").stage, Output::weights}));
    }
  EXPECT_EQ(handed, 4u) << "TURN's tuning starts from the probed classifier";
  for (const Stage& stage : stages(p, "train")) {
    std::string model = stage.settings.text("model");
    EXPECT_EQ(stage.settings.text("adapt"), "full-tuning") << model;
    EXPECT_EQ(stage.settings.text("full_tuning"), "all") << model;
    EXPECT_EQ(stage.settings.text("train.optimizer"), model == "in1k-vit-b-16" ? "sgd" : "adamw") << model;
  }
}

TEST_F(Deft, TheMixtureOfLossesHasTheWarmUpOfItsConfiguration) {
  for (const Stage& stage : stages(read(7), "detect")) {
    if (stage.settings.text("method") != "gmm") continue;
    bool full = stage.settings.text("adapt") == "full-tuning";
    EXPECT_EQ(stage.settings.integer("warmup_epochs"),
              full && stage.settings.text("dataset") == "tiny-imagenet" ? 5 : 1);
    EXPECT_EQ(stage.settings.real("train.lr"), full ? 5e-4 : 3e-2);
    EXPECT_EQ(stage.settings.text("loss_precision"), "float16");
  }
}

}  // namespace
}  // namespace winnow::sweep
