// The sweeps of DeFT's tables are what they say. docs/methods/noisy-labels.md#3.5, #4, #6.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

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
  static std::vector<std::size_t> indices(const Plan& p) {
    std::vector<std::size_t> all(p.experiments());
    std::iota(all.begin(), all.end(), 0);
    return all;
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
  EXPECT_EQ(read("seeds").experiments(), 3 * 369u) << "cells that two tables share stand once";
  EXPECT_EQ(read("figure-1").experiments(), 3 * 4 * 4u);
  EXPECT_EQ(read("figure-3").experiments(), 2 * 24u);
  EXPECT_EQ(read("figure-4").experiments(), 5 * 4u);
}

// The seeds are of what the tables and figure 1 compare: every cell of figure 1 is there three times, by its settings.
TEST_F(Deft, TheSeedsHaveFigureOne) {
  auto cell = [](const Settings& s) {
    std::string text;
    for (const char* key : {"dataset", "labels.kind", "labels.rate", "adapt", "classifier"})
      text += (s.has(key) ? s.at(key).dump() : "-") + " ";
    return text;
  };
  std::map<std::string, int> figure, seeds;
  for (Plan p = read("figure-1"); std::size_t i : indices(p)) ++figure[cell(p.settings(i))];
  for (Plan p = read("seeds"); std::size_t i : indices(p))
    if (Settings s = p.settings(i); s.text("method") == "ce") ++seeds[cell(s)];
  ASSERT_EQ(figure.size(), 48u);
  for (const auto& [settings, count] : figure) EXPECT_EQ(seeds[settings], 3) << settings;
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

// One run of DeFT's detector serves every table that prints what comes of it: in the plan of tables 1, 2, 3, 4 and 10
// together there are 27 for 103 experiments.
TEST_F(Deft, ADetectorServesTablesOneTwoThreeFourAndTen) {
  std::map<int, std::set<std::string>> of_table;
  std::map<std::string, std::size_t> uses;  // by detector: experiments that need it
  for (int table : {1, 2, 3, 4, 10}) {
    Plan p = read(table);
    for (std::size_t i = 0; i < p.experiments(); ++i) {
      if (p.settings(i).text("method") != "deft") continue;
      std::set<std::string> found;
      for (std::uint32_t input : p.nodes()[p.cell_node(i)].inputs)
        if (p.nodes()[input].label == "detect") found.insert(p.nodes()[input].identity.hex());
      ASSERT_EQ(found.size(), 1u);
      of_table[table].insert(*found.begin());
      ++uses[*found.begin()];
    }
  }
  EXPECT_EQ(of_table[1].size(), 24u);
  EXPECT_EQ(of_table[1], of_table[2]);
  EXPECT_EQ(of_table[1], of_table[10]);
  EXPECT_EQ(of_table[3].size(), 3u);
  ASSERT_EQ(of_table[4].size(), 1u) << "CLIP detects once for all four models";
  EXPECT_TRUE(of_table[3].count(*of_table[4].begin())) << "on Clothing1M, as in table 3";
  EXPECT_EQ(uses.size(), 27u);
  std::size_t experiments = 0;
  for (const auto& [detector, count] : uses) experiments += count;
  EXPECT_EQ(experiments, 24u + 24 + 3 + 4 + 2 * 24);
  EXPECT_EQ(uses[*of_table[1].begin()], 4u) << "tables 1 and 2, and table 10 by PEFT and by full tuning";
  EXPECT_EQ(uses[*of_table[4].begin()], 5u) << "table 3, and four models of table 4";
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
}

// What to do about classes of which nothing is selected concerns the training behind the detector, and is in no
// identity by default.
TEST_F(Deft, EmptyClassesAreTheLastStagesBusiness) {
  auto identities = [&](const std::string& detect_train) {
    Plan p = plan(
        "name = \"o\"\n[base]\ndataset = \"cifar-100\"\nmodel = \"clip-vit-b-16\"\nmethod = \"deft\"\nlabels = { "
        "kind = \"symmetric\", rate = 0.4 }\n" +
        detect_train);
    std::map<std::string, std::string> result;
    for (const Node& node : p.nodes()) result[std::string(node.label)] = node.identity.hex();
    return result;
  };
  auto plain = identities(""), count = identities("empty_classes = \"count\"\n"),
       refuse = identities("empty_classes = \"refuse\"\n");
  EXPECT_EQ(plain, count);
  EXPECT_EQ(plain.at("detect"), refuse.at("detect"));
  EXPECT_NE(plain.at("train"), refuse.at("train"));
  EXPECT_THAT(refusal("name = \"o\"\n[base]\ndataset = \"cifar-100\"\nmodel = \"clip-vit-b-16\"\nmethod = \"deft\"\n"
                      "labels = { kind = \"clean\" }\nempty_classes = \"ignore\"\n"),
              testing::HasSubstr("empty_classes"));
}

// Table 11: preset values of the models under DeFT's published recipe, so that other sweeps have them, too.
TEST_F(Deft, OtherModelsHaveTheOptimisersOfTableEleven) {
  struct Optimiser {
    const char* name;
    double lr, weight_decay;
  };
  const std::map<std::string, Optimiser> want = {{"in1k-vit-b-16", {"sgd", 1e-2, 1e-5}},
                                                 {"resnet-50", {"adamw", 1e-3, 1e-5}},
                                                 {"convnext-t", {"adamw", 1e-4, 1e-4}},
                                                 {"mae-vit-b-16", {"adamw", 1e-4, 1e-3}}};
  Plan p = read(4);
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < p.experiments(); ++i) {
    Stage stage = p.stage(p.cell_node(i));
    std::string model = stage.settings.text("model");
    const Optimiser& own = want.at(model);
    ++seen[model];
    EXPECT_EQ(stage.settings.text("adapt"), "full-tuning") << model;
    EXPECT_EQ(stage.settings.text("full_tuning"), "all") << model;
    EXPECT_EQ(stage.settings.text("train.optimizer"), own.name) << model;
    EXPECT_EQ(stage.settings.real("train.lr"), own.lr) << model;
    EXPECT_EQ(stage.settings.real("train.weight_decay"), own.weight_decay) << model;
    EXPECT_EQ(stage.settings.has("train.momentum"), model == "in1k-vit-b-16") << model;
    if (stage.settings.has("train.momentum")) {
      EXPECT_EQ(stage.settings.real("train.momentum"), 0) << model;
    }
    for (const Explained& said : p.explain(i))
      if (said.key == "train.lr" || said.key == "train.weight_decay" || said.key == "full_tuning") {
        EXPECT_EQ(said.level, "preset of " + model) << said.key;
      }
  }
  for (const auto& [model, own] : want) EXPECT_EQ(seen[model], 5) << model;
  // Neither under `intended` nor under the recipes of another system.
  Plan other = plan(
      "name = \"o\"\n[base]\ndataset = \"cifar-100\"\nmodel = \"resnet-50\"\n[[grid]]\nmethod = [\"ce\"]\n"
      "labels = { kind = \"clean\" }\n[[grid]]\nmethod = [\"proden\"]\nprofile = \"reference\"\n"
      "labels = { kind = \"flip\", rate = 0.1 }\n");
  for (std::size_t i = 0; i < other.experiments(); ++i)
    for (const Explained& said : other.explain(i))
      if (said.key == "train.lr") {
        EXPECT_NE(said.level, "preset of resnet-50");
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
