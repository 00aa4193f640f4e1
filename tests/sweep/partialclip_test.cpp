// The sweeps of the PartialCLIP grid, of the gallery and of the claims are what they say. spec/pll-results.md 3.
#include <algorithm>

#include "fixture.h"

namespace winnow::sweep {
namespace {

class Published : public SweepTest {
 protected:
  // All presets, as if every data set and every model's weights lay here.
  Published() {
    catalogue_ = Catalogue::built_in({});
    allow("labels.kind", "annotated");
    for (const auto& [name, dataset] : catalogue_.datasets) catalogue_.fingerprints[name] = "f";
    for (const auto& [name, model] : catalogue_.models) catalogue_.fingerprints[name] = "f";
  }
  void allow(const std::string& key, const std::string& word) {
    for (Key& declared : catalogue_.common)
      if (declared.key == key && std::find(declared.words.begin(), declared.words.end(), word) == declared.words.end()) declared.words.push_back(word);
  }
  Plan read(const std::string& name) const { return Plan::read(Path(WINNOW_SOURCE_DIR) / "sweeps" / name, catalogue_); }
  std::uint64_t experiments(const std::string& name) const { return read(name).experiments(); }
  static std::size_t stages(const Plan& p, std::string_view label) {
    return static_cast<std::size_t>(std::count_if(p.nodes().begin(), p.nodes().end(), [&](const Node& node) { return node.label == label; }));
  }
};

TEST_F(Published, TheGridHas357Experiments) {
  const std::map<std::string, std::uint64_t> want = {{"table-1", 56}, {"table-2", 18}, {"table-3", 72}, {"table-4", 110},
                                                     {"table-5", 80}, {"table-6", 5},  {"real-world", 16}};
  std::uint64_t all = 0;
  for (const auto& [name, count] : want) {
    EXPECT_EQ(experiments("partialclip/" + name + ".toml"), count) << name;
    all += count;
  }
  EXPECT_EQ(all, 357u);
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
    double want = dataset == "fgvc-aircraft" ? 2e-3 : dataset == "cub-200" || dataset.starts_with("stanford") ? 1e-3 : 5e-4;
    EXPECT_EQ(stage.settings.real("train.lr"), want) << dataset;
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
