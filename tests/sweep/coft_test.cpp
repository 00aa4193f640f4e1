// The sweeps of CoFT's tables are what they say. docs/methods/unsupervised.md#3.5, #5, #6.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>

#include "fixture.h"
#include "winnow/stage/data_sets.h"

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
  const std::map<int, std::uint64_t> want = {{1, 9 + 7 * 9 * 3},
                                             {2, 11 * 3},
                                             {3, 9 + 3 * 9 * 3},
                                             {4, 9 + 2 * 9 * 3 + 3 * 3 * 9 * 3},
                                             {5, 2 * 4 * (1 + 7 * 3)}};
  for (const auto& [table, count] : want) EXPECT_EQ(read(table).experiments(), count) << "table " << table;
}

TEST_F(Coft, FiguresAndSeedsCountWhatTheySay) {
  EXPECT_EQ(read("figure-2").experiments(), 2u * 4 * 9 * 3);
  Plan seeds = read("seeds"), table = read(1);
  EXPECT_EQ(seeds.experiments(), 7u * 9 * 10);
  EXPECT_EQ(read("prompts").experiments(), 5u * 9);
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
    if (stage.settings.text("dataset") == "dtd" && !stage.fingerprints.count("templates")) {
      EXPECT_EQ(stage.settings.text("template"), "{} texture.");
    }
  for (const Stage& stage : stages(read(1), "select"))
    if (stage.settings.has("alpha") && stage.settings.text("dataset") == "flowers102") {
      EXPECT_EQ(stage.settings.real("alpha"), 0.60);
      EXPECT_EQ(stage.settings.real("beta"), 0.99);
    }
}

// CoFT+ begins with class texts of a language model, CoFT and all others with a prompt by hand.
TEST_F(Coft, PlusBeginsWithClassTexts) {
  for (int table : {1, 3, 4, 5}) {
    Plan p = read(table);
    for (const std::string& departure : p.departures())
      EXPECT_THAT(departure, testing::StartsWith("promptkd on ")) << "of its teacher";
    EXPECT_EQ(p.departures().size(), table == 3 ? 1u : 0u);
    std::set<std::string> with, without;
    for (std::size_t i = 0; i < p.experiments(); ++i) {
      std::string method = p.settings(i).text("method"), dataset = p.settings(i).text("dataset");
      if (method == "coft-plus") {
        EXPECT_EQ(p.settings(i).text("prompt"), "llm");
      } else if (method == "coft") {
        EXPECT_THAT(p.settings(i).text("prompt"), testing::HasSubstr("{}"));
      }
    }
    for (const Stage& stage : stages(p, "score"))
      (stage.fingerprints.count("templates") ? with : without).insert(stage.settings.text("dataset"));
    EXPECT_EQ(with, without) << "both, of each data set";
    EXPECT_EQ(with.size(), table == 5 ? 4u : 9u);
  }
}

// Where no texts ship, CLIP's templates take their place, and every table says so.
TEST_F(Coft, PlusSaysWhereItsTextsAreByHand) {
  EXPECT_THAT(
      read(2).departures(),
      testing::ElementsAre("coft-plus on cifar-100n: class texts by hand ('clip-cifar'), not a language model's"));
  for (const char* model : {"nano-clip", "nano-clip-wide"}) {
    Plan p = plan("name = \"s\"\n[base]\nmethod = \"coft-plus\"\ndataset = \"fashion-mnist\"\nmodel = \"" +
                  std::string(model) + "\"");
    EXPECT_EQ(p.settings(0).text("prompt"), "a photo of a {}.") << "sixteen tokens";
    EXPECT_EQ(p.departures().size(), 1u);
  }
  Plan large =
      plan("name = \"s\"\n[base]\nmethod = \"coft-plus\"\ndataset = \"fashion-mnist\"\nmodel = \"clip-vit-b-16\"");
  EXPECT_EQ(large.settings(0).text("prompt"), "llm");
  EXPECT_TRUE(large.departures().empty());
  Plan own = plan(
      "name = \"s\"\n[base]\nmethod = \"coft-plus\"\ndataset = \"eurosat\"\nmodel = \"clip-vit-b-16\"\n"
      "prompt = \"clip-eurosat\"");
  EXPECT_THAT(
      own.departures(),
      testing::ElementsAre("coft-plus on eurosat: class texts by hand ('clip-eurosat'), not a language model's"));
  EXPECT_TRUE(plan("name = \"s\"\n[base]\nmethod = \"coft\"\ndataset = \"eurosat\"\nmodel = \"clip-vit-b-16\"")
                  .departures()
                  .empty());
}

// docs/methods/unsupervised.md#3.5, #6.2, #6.3, #6.4, #6.8: the defaults of what a method is.
TEST_F(Coft, MethodsAreWhatTheirSectionsSay) {
  auto of = [&](const std::string& method, const std::string& dataset = "dtd", const std::string& more = "") {
    return plan("name = \"s\"\n[base]\ndataset = \"" + dataset + "\"\nmodel = \"clip-vit-b-16\"\nmethod = \"" + method +
                "\"\n" + more);
  };
  for (const char* method : {"coft", "coft-plus"}) {
    EXPECT_EQ(of(method).settings(0).text("full_tuning"), "all") << "the entire visual encoder";
    Settings other = of(method, "dtd", "train = { optimizer = \"adamw\", weight_decay = 0.01 }\n").settings(0);
    EXPECT_EQ(other.text("p1.train.optimizer"), "sgd") << "an optimiser of the second phase is not the first one's";
    EXPECT_EQ(other.real("p1.train.weight_decay"), 5e-4);
  }
  for (const char* method : {"ifpl", "grip"}) EXPECT_EQ(of(method).settings(0).text("selection"), "deferred");
  EXPECT_EQ(of("ifpl").settings(0).integer("k"), 16);
  EXPECT_EQ(of("cpl").settings(0).real("beta"), 0.95);
  EXPECT_EQ(of("cpl", "fashion-mnist").settings(0).text("beta"), "by-classes");
  Settings student = of("promptkd").settings(0);
  EXPECT_EQ(student.text("adapt"), "vpt-front");
  EXPECT_EQ(student.integer("vpt_depth"), 3);
  EXPECT_EQ(student.text("prompt"), "clip-dtd") << "of the fixed teacher";
  EXPECT_THAT(of("promptkd").departures(), testing::ElementsAre(testing::HasSubstr("not PromptSRC's")));
  EXPECT_TRUE(of("promptkd", "dtd", "teacher.method = \"promptsrc\"\n").departures().empty());
}

// Values that follow another key's: above profiles, below what a sweep says, also where the key is an axis or refers.
TEST_F(Coft, CasesOfAMethodFollowItsKeys) {
  const std::string coop = "name = \"s\"\n[base]\ndataset = \"dtd\"\nmodel = \"clip-vit-b-16\"\nmethod = \"coop\"\n";
  Plan shots = plan(coop + "[[grid]]\n\"data.shots\" = [1, 2, 4, 8, 16]\nprofile = [\"intended\", \"reference\"]\n");
  const std::map<std::int64_t, std::int64_t> epochs = {{1, 50}, {2, 100}, {4, 100}, {8, 200}, {16, 200}};
  ASSERT_EQ(shots.experiments(), 10u);
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_EQ(shots.settings(i).integer("train.epochs"), epochs.at(shots.settings(i).integer("data.shots")));
  EXPECT_EQ(plan(coop + "\"data.shots\" = \"=seed\"\nseed = 8\n").settings(0).integer("train.epochs"), 200);
  EXPECT_EQ(plan(coop + "\"data.shots\" = 8\ntrain.epochs = 3\n").settings(0).integer("train.epochs"), 3);
  Plan asked = plan(coop + "\"data.shots\" = 8\n[[override]]\nwhen = { train.epochs = 200 }\nset = { seed = 5 }\n");
  EXPECT_EQ(asked.settings(0).integer("seed"), 5) << "conditions see what a case says";
  EXPECT_EQ(plan(coop + "[[grid]]\nseed = [1, 2]\n[[override]]\nwhen = { seed = 2 }\nset = { \"data.shots\" = 4 }\n")
                .settings(1)
                .integer("train.epochs"),
            100)
      << "and a case what an override says";
  for (const char* method : {"ifpl", "grip"})
    for (const auto& [modality, rate] : {std::pair{"textual", 0.1}, {"visual", 0.1}, {"multimodal", 0.01}})
      EXPECT_EQ(plan(fmt::format("name = \"s\"\n[base]\ndataset = \"dtd\"\nmodel = \"clip-vit-b-16\"\nmethod = \"{}\"\n"
                                 "modality = \"{}\"\n",
                                 method, modality))
                    .settings(0)
                    .real("train.lr"),
                rate);
}

// LaFTer's classifier learns descriptions of the classes beside the data set's templates.
TEST_F(Coft, LafterLearnsDescriptions) {
  auto of = [&](const std::string& more) {
    return plan("name = \"s\"\n[base]\ndataset = \"eurosat\"\nmodel = \"clip-vit-b-16\"\nmethod = \"lafter\"\n" + more);
  };
  Plan both = of("");
  Stage texts = stages(both, "embed").at(0);
  EXPECT_EQ(texts.settings.text("template"), "clip-eurosat");
  EXPECT_EQ(texts.fingerprints.at("descriptions"), catalogue_.fingerprints.at("templates/eurosat/llm"));
  EXPECT_FALSE(texts.settings.has("descriptions")) << "their content, not their name";
  EXPECT_TRUE(both.departures().empty());
  Plan alone = of("descriptions = \"\"\n");
  EXPECT_FALSE(stages(alone, "embed").at(0).fingerprints.count("descriptions"));
  EXPECT_THAT(alone.departures(), testing::ElementsAre(testing::HasSubstr("templates alone")));
  EXPECT_THAT(refusal("name = \"s\"\n[base]\ndataset = \"eurosat\"\nmodel = \"clip-vit-b-16\"\nmethod = "
                      "\"lafter\"\ndescriptions = \"lm\"\n"),
              testing::HasSubstr("descriptions: no texts 'lm' of eurosat on this machine"));
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

// docs/methods/unsupervised.md#6.6: ends of the search and where it begins, by data set.
TEST_F(Coft, TipAdapterSearchesWhereItsDataSetSays) {
  const std::map<std::string, std::array<double, 3>> want = {{"caltech101", {12, 5, 3}},
                                                             {"dtd", {13, 13, 2}},
                                                             {"eurosat", {12, 10, 2}},
                                                             {"flowers102", {50, 50, 10}},
                                                             {"fgvc-aircraft-coop", {30, 30, 5}},
                                                             {"food101", {10, 10, 1.17}},
                                                             {"oxford-pets", {7, 3, 1.17}},
                                                             {"stanford-cars-coop", {20, 10, 3}},
                                                             {"ucf101", {7, 3, 3}}};
  std::size_t seen = 0;
  for (const Stage& stage : stages(read(4), "train")) {
    if (!stage.settings.text("method").starts_with("tip-adapter")) continue;
    ++seen;
    std::string dataset = stage.settings.text("dataset");
    const auto& [beta, alpha, init] = want.at(dataset);
    EXPECT_EQ(stage.settings.at("search_scale"), (Value{beta, alpha})) << dataset;
    EXPECT_EQ(stage.settings.real("init_alpha"), init) << dataset;
    EXPECT_EQ(stage.settings.real("init_beta"), 1.0);
    if (stage.settings.text("method") == "tip-adapter-f") {
      EXPECT_EQ(stage.settings.integer("train.epochs"), dataset == "eurosat" ? 100 : 20) << dataset;
    }
  }
  EXPECT_EQ(seen, 2u * 3 * 9 * 3);
}

// Baselines are their code: docs/methods/unsupervised.md#6.1, #6.6, #6.8.
TEST_F(Coft, BaselinesHaveProfilesOfTheirCode) {
  auto of = [&](const std::string& method, const std::string& rest = "") {
    Plan p = plan("name = \"s\"\n[base]\nmethod = \"" + method +
                  "\"\nprofile = \"reference\"\ndataset = \"dtd\"\nmodel = "
                  "\"clip-vit-b-16\"\nseed = 3\n" +
                  rest);
    return p.settings(0);
  };
  Settings upl = of("upl");
  EXPECT_EQ(upl.integer("members"), 16);
  EXPECT_EQ(upl.integer("train.epochs"), 50);
  EXPECT_EQ(upl.real("train.lr"), 2e-3);
  EXPECT_EQ(upl.text("train.schedule"), "coop");
  for (const char* method : {"tip-adapter", "tip-adapter-f"}) {
    Settings tip = of(method, "data = { shots = 4, validation = 0.2 }");
    EXPECT_EQ(tip.integer("data.seed"), 1) << "the same shots for all seeds";
    EXPECT_EQ(tip.text("views.weak"), "rrc(0.5)");
    EXPECT_EQ(tip.at("search_scale"), (Value{13, 13}));
  }
  Settings kd = of("promptkd", "teacher.method = \"promptsrc\"");
  EXPECT_EQ(kd.text("adapt"), "vpt-front");
  EXPECT_EQ(kd.integer("vpt_depth"), 3);
  EXPECT_EQ(kd.integer("train.batch"), 8);
  EXPECT_EQ(kd.real("kd_weight"), 1000.0);
}

// Whatever decides which samples are the labelled ones.
TEST_F(Coft, ShotsAreTheSameForAllMethodsOfASeed) {
  Plan p = read(4);
  std::map<std::string, std::string> chosen;  // data set, shots and seed -> what chooses them
  for (const Stage& stage : stages(p, "train")) {
    EXPECT_EQ(stage.settings.integer("data.seed"), stage.settings.integer("seed"));
    std::string choice;
    for (const auto& [key, value] : stage.settings.all())
      if (key.starts_with("data.") && key != "data.validation_split") choice += key + "=" + value.dump() + " ";
    std::string cell = fmt::format("{} {} {}", stage.settings.text("dataset"), stage.settings.integer("data.shots"),
                                   stage.settings.integer("seed"));
    EXPECT_EQ(chosen.emplace(cell, choice).first->second, choice) << cell;
    bool searches = stage.settings.text("method").starts_with("tip-adapter");
    EXPECT_EQ(std::count_if(stage.fingerprints.begin(), stage.fingerprints.end(),
                            [](const auto& part) { return part.first.starts_with(kOwnValidation); }),
              searches)
        << "on the split of its publishers";
    if (stage.settings.text("method") != "coop") continue;
    EXPECT_EQ(stage.settings.integer("train.epochs"), stage.settings.integer("data.shots") == 8 ? 200 : 100);
  }
}

}  // namespace
}  // namespace winnow::sweep
