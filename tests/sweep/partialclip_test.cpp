// The sweeps of the PartialCLIP grid, of the gallery and of the claims are what they say.
// docs/results/partial-labels.md#3.
#include <algorithm>

#include "fixture.h"

namespace winnow::sweep {
namespace {

class Published : public SweepTest {
 protected:
  Published() {
    catalogue_ = whole_catalogue();
    for (const char* set : {"aggregate", "vaguest"})
      catalogue_.labels[std::string("plcifar10-") + set] = {{set, {"l", true, 0}}};
  }
  Plan read(const std::string& name) const { return Plan::read(Path(WINNOW_SOURCE_DIR) / "sweeps" / name, catalogue_); }
  std::uint64_t experiments(const std::string& name) const { return read(name).experiments(); }
  static std::size_t stages(const Plan& p, std::string_view label) {
    return static_cast<std::size_t>(
        std::count_if(p.nodes().begin(), p.nodes().end(), [&](const Node& node) { return node.label == label; }));
  }
};

TEST_F(Published, TheGridHas357Experiments) {
  const std::map<std::string, std::uint64_t> want = {{"table-1", 56},   {"table-2", 18}, {"table-3", 72},
                                                     {"table-4", 110},  {"table-5", 80}, {"table-6", 5},
                                                     {"real-world", 16}};
  std::uint64_t all = 0;
  for (const auto& [name, count] : want) {
    EXPECT_EQ(experiments("partialclip/" + name + ".toml"), count) << name;
    all += count;
  }
  EXPECT_EQ(all, 357u);
}

TEST_F(Published, FigureOneSharesTableOne) {
  Plan p = read("partialclip/figure-1.toml"), one = read("partialclip/table-1.toml");
  EXPECT_EQ(p.experiments(), 3 * (7 * 8 * 2 + 10u));
  std::set<std::string> cells;
  for (std::size_t i = 0; i < p.experiments(); ++i) cells.insert(p.nodes()[p.cell_node(i)].identity.hex());
  for (std::size_t i = 0; i < one.experiments(); ++i)
    EXPECT_TRUE(cells.count(one.nodes()[one.cell_node(i)].identity.hex())) << one.settings(i).at("method");
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) {
    Stage stage = p.stage(i);
    EXPECT_EQ(stage.settings.integer("train.epochs"), stage.settings.text("model") == "wide-resnet-28-10" ? 200 : 10);
  }
}

TEST_F(Published, TableSixNarrowsWithOneScoreOfEachSet) {
  Plan p = read("partialclip/table-6.toml");
  EXPECT_EQ(stages(p, "score"), 4u);
  EXPECT_EQ(stages(p, "narrow"), 5u);
}

TEST_F(Published, TheReferenceProfileIsWhatRan) {
  Plan p = read("partialclip/table-1.toml");
  bool found = false;
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) {
    Stage stage = p.stage(i);
    if (stage.settings.text("method") != "lws") continue;
    found = true;
    EXPECT_EQ(stage.settings.real("confidence_epsilon"), 1e-8);
    EXPECT_EQ(stage.settings.text("labels.law"), "numpy-legacy");
    EXPECT_EQ(stage.settings.real("train.lr"), 5e-4);
    EXPECT_EQ(stage.settings.integer("train.batch"), 64);
  }
  EXPECT_TRUE(found);
}

TEST_F(Published, FullTuningHasRatesOfItsOwn) {
  Plan p = read("partialclip/table-5.toml");
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) {
    Stage stage = p.stage(i);
    if (!stage.settings.has("adapt") || stage.settings.text("adapt") != "full-tuning") continue;
    std::string dataset = stage.settings.text("dataset");
    double want = dataset == "fgvc-aircraft"                                ? 2e-3
                  : dataset == "cub-200" || dataset.starts_with("stanford") ? 1e-3
                                                                            : 5e-4;
    EXPECT_EQ(stage.settings.real("train.lr"), want) << dataset;
  }
}

// docs/methods/partial-labels.md#4.3: what every data set is looked at through, and [S11] under which normalisation.
TEST_F(Published, ViewsAreThoseOfTheDataSetsRecipe) {
  struct Views {
    std::string weak, strong, normalisation;
  };
  auto views_of = [](const Stage& stage) {
    EXPECT_EQ(stage.settings.text("views.test"), "test-8-7");
    EXPECT_EQ(stage.settings.text("views.test_normalisation"), "model");
    return Views{stage.settings.text("views.weak"), stage.settings.text("views.strong"),
                 stage.settings.text("views.normalisation")};
  };
  std::set<std::string> seen;
  for (const char* table : {"table-1", "table-2", "table-3", "real-world"}) {
    Plan p = read(std::string("partialclip/") + table + ".toml");
    for (std::size_t i = 0; i < p.experiments(); ++i) {
      Stage stage = p.stage(p.cell_node(i));
      std::string dataset = stage.settings.text("dataset"), id = stage.inputs.count("scores") ? " id" : "";
      Views views = views_of(stage), want{"weak-fine", "strong-fine", "imagenet"};
      if (dataset.starts_with("cifar") || dataset.ends_with("-lt")) want = {"plain", "rrc-flip", "model"};
      if (dataset.starts_with("cifar") && !id.empty()) want = {"weak-id", "strong-id", dataset};
      if (dataset.starts_with("plcifar10")) want = {"weak-plcifar", "strong-plcifar", "plcifar10"};
      EXPECT_EQ(views.weak, want.weak) << dataset << id;
      EXPECT_EQ(views.strong, want.strong) << dataset << id;
      EXPECT_EQ(views.normalisation, want.normalisation) << dataset << id;
      seen.insert(dataset + id);
    }
  }
  EXPECT_TRUE(seen.count("cifar-100 id"));
  EXPECT_TRUE(seen.count("cub-200 id"));
  Plan intended = read("partialclip/seeds.toml");
  for (std::size_t i = 0; i < intended.experiments(); ++i)
    EXPECT_EQ(intended.stage(intended.cell_node(i)).settings.text("views.normalisation"), "model");
}

TEST_F(Published, RealAnnotatorsAndTheirValidationSplit) {
  Plan p = read("partialclip/real-world.toml");
  for (std::size_t i = 0; i < p.experiments(); ++i) {
    Stage stage = p.stage(p.cell_node(i));
    EXPECT_EQ(stage.settings.text("dataset"), "plcifar10-" + stage.settings.text("labels.set"));
    EXPECT_EQ(stage.settings.real("data.validation"), 0.1);
    EXPECT_EQ(stage.settings.integer("data.validation_seed"), 1003224347);
    EXPECT_EQ(stage.settings.text("data.law"), "numpy-legacy");
    EXPECT_EQ(stage.fingerprints.at("labels"), "l");
  }
}

TEST_F(Published, SeedsGalleryAndClaims) {
  EXPECT_EQ(experiments("partialclip/seeds.toml"), 3 * 348u) << "cells that two tables share stand once";
  Plan gallery = read("gallery.toml"), claims = read("claims.toml");
  EXPECT_EQ(gallery.experiments(), 42u) << "14 methods in 3 scenarios";
  EXPECT_EQ(stages(gallery, "score"), 1u) << "all methods share the scores behind instance-dependent candidates";
  EXPECT_EQ(claims.experiments(), 135u);
  EXPECT_EQ(stages(claims, "narrow"), 5u);
}

}  // namespace
}  // namespace winnow::sweep
