// The sweeps of CoFT's tables are what they say. docs/methods/unsupervised.md#3.5, #5, #6.
#include "fixture.h"

namespace winnow::sweep {
namespace {

class Coft : public SweepTest {
 protected:
  Coft() {
    catalogue_ = whole_catalogue();
    catalogue_.labels["cifar-100n"] = {{"noisy", {"l", false, 0}}};
  }
  Plan read(int table) const { return read("table-" + std::to_string(table)); }
  Plan read(const std::string& sweep) const {
    return Plan::read(Path(WINNOW_SOURCE_DIR) / "sweeps/coft" / (sweep + ".toml"), catalogue_);
  }
  static std::vector<Stage> stages(const Plan& p, std::string_view label) {
    std::vector<Stage> result;
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) result.push_back(p.stage(i));
    return result;
  }
};

// Cells of the paper at three seeds; zero-shot has none.
TEST_F(Coft, EveryCellOfTheTablesIsAnExperiment) {
  const std::map<int, std::uint64_t> want = {
      {1, 9 + 7 * 9 * 3}, {2, 7 * 3}, {3, 9 + 3 * 9 * 3}, {4, 9 + 2 * 9 * 3 + 3 * 3 * 9 * 3}, {5, 2 * 4 * (1 + 7 * 3)}};
  for (const auto& [table, count] : want) EXPECT_EQ(read(table).experiments(), count) << "table " << table;
}

TEST_F(Coft, FiguresAndSeedsCountWhatTheySay) {
  EXPECT_EQ(read("figure-2").experiments(), 2u * 4 * 9 * 3);
  Plan seeds = read("seeds"), table = read(1);
  EXPECT_EQ(seeds.experiments(), 7u * 9 * 10);
  std::set<std::string> cells;
  for (std::size_t i = 0; i < table.experiments(); ++i) cells.insert(table.nodes()[table.cell_node(i)].identity.hex());
  std::size_t shared = 0;
  for (std::size_t i = 0; i < seeds.experiments(); ++i)
    shared += cells.count(seeds.nodes()[seeds.cell_node(i)].identity.hex());
  EXPECT_EQ(shared, 189u);
}

TEST_F(Coft, TablesShareItsStages) {
  auto cells = [](const Plan& p, const char* method) {
    std::set<std::string> result;
    for (std::size_t i = 0; i < p.experiments(); ++i)
      if (p.settings(i).at("method") == method) result.insert(p.nodes()[p.cell_node(i)].identity.hex());
    return result;
  };
  for (const char* method : {"zero-shot", "coft", "coft-plus"})
    EXPECT_EQ(cells(read(1), method), cells(read(4), method)) << method << ": table 4 prints table 1's values";
}

TEST_F(Coft, PromptsAndCandidatesAreThoseOfTheDataSet) {
  for (const Stage& stage : stages(read(1), "score"))
    if (stage.settings.text("dataset") == "dtd") {
      EXPECT_EQ(stage.settings.text("template"), "{} texture.");
    }
  for (const Stage& stage : stages(read(1), "select"))
    if (stage.settings.has("alpha") && stage.settings.text("dataset") == "flowers102") {
      EXPECT_EQ(stage.settings.real("alpha"), 0.60);
      EXPECT_EQ(stage.settings.real("beta"), 0.99);
    }
}

TEST_F(Coft, RoundsHaveTheRecipesOfTheirPapers) {
  Plan p = read(5);
  std::size_t seen = 0;
  for (const Stage& stage : stages(p, "train")) {
    bool cpl = stage.settings.text("method") == "cpl";
    if (!cpl && stage.settings.text("train.schedule") != "grip") continue;  // UPL
    ++seen;
    EXPECT_EQ(stage.settings.real("train.lr"), cpl ? 0.02 : 0.1);
    EXPECT_EQ(stage.settings.integer("train.warmup"), cpl ? 2 : 5);
    EXPECT_EQ(stage.settings.integer("train.batch"), cpl ? 64 : 16);
    EXPECT_FALSE(stage.settings.flag("period"));
    EXPECT_EQ(stage.settings.text("views.weak"), "test") << "no augmentation";
  }
  EXPECT_EQ(seen, 3u * 10 * 2 * 4 * 3) << "IFPL, GRIP and CPL, ten rounds each";
}

TEST_F(Coft, AStudentLearnsFromALargerModelAlone) {
  Plan p = read(3);
  for (const char* phase : {"p1", "score"})
    for (const Stage& stage : stages(p, phase)) EXPECT_EQ(stage.settings.text("model"), "clip-vit-l-14") << phase;
  for (const Stage& stage : stages(p, "p2")) EXPECT_EQ(stage.settings.text("model"), "clip-vit-b-16");
}

TEST_F(Coft, ShotsAreTheSameForAllMethodsOfASeed) {
  Plan p = read(4);
  for (const Stage& stage : stages(p, "train")) {
    EXPECT_EQ(stage.settings.integer("data.seed"), stage.settings.integer("seed"));
    if (stage.settings.text("method") != "coop") continue;
    EXPECT_EQ(stage.settings.integer("train.epochs"), stage.settings.integer("data.shots") == 8 ? 200 : 100);
  }
}

}  // namespace
}  // namespace winnow::sweep
