// The graphs of methods that learn without labels.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;

class Unsupervised : public SweepTest {
 protected:
  Unsupervised() { catalogue_ = whole_catalogue(); }

  Plan made(const std::string& rest) const {
    return plan("name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n" + rest);
  }
  std::string refused(const std::string& rest) const {
    return refusal("name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n" + rest);
  }
  static std::map<std::string, int> count(const Plan& p) {
    std::map<std::string, int> result;
    for (const Node& node : p.nodes()) ++result[std::string(node.label)];
    return result;
  }
  static std::vector<Stage> stages(const Plan& p, const std::string& label) {
    std::vector<Stage> result;
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) result.push_back(p.stage(i));
    return result;
  }
  static Stage of(const Plan& p, const Input& input) {
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].identity == input.stage) return p.stage(i);
    ADD_FAILURE() << "no such stage";
    return {};
  }
};

using Counts = std::map<std::string, int>;

TEST_F(Unsupervised, CoftIsTwoModelsThatMeetOnce) {
  Plan p = made("method = \"coft\"");
  EXPECT_EQ(
      count(p),
      (Counts{
          {"backbone", 1}, {"score", 1}, {"select", 1}, {"p1", 2}, {"cross-filter", 2}, {"p2", 2}, {"ensemble", 1}}));
  Stage cell = p.stage(p.cell_node(0));
  ASSERT_EQ(cell.kind, StageKind::ensemble);
  for (int m : {1, 2}) {
    std::string number = std::to_string(m);
    Stage p2 = of(p, cell.inputs.at("member." + number)), filter = of(p, p2.inputs.at("selection"));
    Stage own = of(p, filter.inputs.at("labelling")), other = of(p, filter.inputs.at("judging"));
    EXPECT_EQ(p2.settings.integer("member"), m);
    EXPECT_EQ(own.settings.integer("member"), m) << "each learns its own labels";
    EXPECT_EQ(other.settings.integer("member"), 3 - m) << "which the other one confirms";
    EXPECT_EQ(of(p, cell.inputs.at("phase1." + number)).identity(), own.identity());
    EXPECT_EQ(own.settings.text("train.batches"), "selected");
    EXPECT_EQ(own.settings.text("adapt"), "vpt-deep");
    EXPECT_EQ(p2.settings.text("adapt"), "full-tuning");
    EXPECT_EQ(p2.settings.text("method"), "ce");
    EXPECT_EQ(own.settings.integer("train.epochs"), 50);
    EXPECT_EQ(p2.settings.integer("train.min_steps"), 1000);
    EXPECT_EQ(own.settings.integer("train.min_steps"), 0);
  }
}

// Beside a method that learns from labels, and without one.
TEST_F(Unsupervised, NoStageIsToldALabel) {
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.labels != LabelNeed::none) continue;
    std::string tables;
    for (const auto& [stage, methods] : method.stages) tables += "\n" + stage + ".method = \"" + methods.front() + "\"";
    Plan alone = made("method = \"" + name + "\"" + tables);
    for (std::uint32_t i = 0; i < alone.nodes().size(); ++i) {
      Stage stage = alone.stage(i);
      for (const auto& [key, value] : stage.settings.all())
        EXPECT_FALSE(key.starts_with("labels.")) << name << " " << alone.nodes()[i].label << " " << key;
    }
    Plan beside = made("labels = { kind = \"symmetric\", rate = 0.4 }" + tables + "\n[[grid]]\nmethod = [\"" + name +
                       "\", \"ce\"]");
    EXPECT_EQ(beside.nodes()[beside.cell_node(0)].identity, alone.nodes()[alone.cell_node(0)].identity) << name;
  }
}

TEST_F(Unsupervised, LabelsAreNoAxisOfThem) {
  EXPECT_THAT(refused("method = \"coft\"\n[[grid]]\n\"labels.kind\" = [\"clean\", \"flip\"]\nlabels.rate = [0.5]"),
              HasSubstr("method coft learns without labels: its experiments would be the same in all rows"));
}

TEST_F(Unsupervised, TheSecondPhaseDoesNotAskForWhatTheFirstOneIs) {
  auto identity = [&](const std::string& rest, const std::string& label) {
    return stages(made("method = \"coft\"\n" + rest), label).at(0).identity();
  };
  EXPECT_EQ(identity("train.lr = 0.1", "p1"), identity("", "p1"));
  EXPECT_NE(identity("train.lr = 0.1", "p2"), identity("", "p2"));
  EXPECT_NE(identity("p1.train.lr = 0.1", "p1"), identity("", "p1"));
  EXPECT_NE(identity("k = 8", "select"), identity("", "select"));
  EXPECT_EQ(identity("k = 8", "score"), identity("", "score"));
  EXPECT_EQ(identity("seed = 5", "select"), identity("", "select")) << "nothing is drawn before the first phase";
  EXPECT_NE(identity("prompt = \"a {}.\"", "score"), identity("", "score"));
}

TEST_F(Unsupervised, TheBackboneBelongsToThePhase) {
  Plan p = made("method = \"coft\"\np1.model = \"clip-vit-l-14\"");
  for (const Stage& stage : stages(p, "p1")) EXPECT_EQ(stage.settings.text("model"), "clip-vit-l-14");
  for (const Stage& stage : stages(p, "p2")) EXPECT_EQ(stage.settings.text("model"), "nano-clip");
  EXPECT_EQ(stages(p, "score").at(0).settings.text("model"), "clip-vit-l-14");
}

TEST_F(Unsupervised, VariantsAreOtherEdges) {
  auto filters = [&](const std::string& rest) { return stages(made("method = \"coft\"\n" + rest), "cross-filter"); };
  for (const Stage& own : filters("validation = \"own\""))
    EXPECT_EQ(own.inputs.at("labelling"), own.inputs.at("judging"));
  for (const Stage& both : filters("validation = \"both\"")) EXPECT_TRUE(both.settings.flag("both_clean"));
  Plan swapped = made("method = \"coft\"\ntrain_on = \"other\"");
  Stage first = of(swapped, swapped.stage(swapped.cell_node(0)).inputs.at("member.1"));
  Stage filter = of(swapped, first.inputs.at("selection"));
  EXPECT_EQ(of(swapped, filter.inputs.at("labelling")).settings.integer("member"), 2);
  Plan single = made("method = \"coft\"\nmodels = 1");
  EXPECT_EQ(
      count(single),
      (Counts{
          {"backbone", 1}, {"score", 1}, {"select", 1}, {"p1", 1}, {"cross-filter", 1}, {"p2", 1}, {"ensemble", 1}}));
}

TEST_F(Unsupervised, RoundsGoOnByThemselvesUntilTheExchange) {
  Plan p = made("method = \"coft-plus\"\n[[grid]]\nrounds = [1, 3]");
  EXPECT_EQ(count(p)["p1"], 6) << "the first round is one for both";
  EXPECT_EQ(count(p)["select"], 5) << "two models' zero-shot labels are the same";
  for (const Stage& select : stages(p, "select")) {
    Stage from = of(p, select.inputs.at("scores"));
    if (from.kind == StageKind::score) continue;
    for (const Stage& p1 : stages(p, "p1"))
      if (p1.inputs.at("selection").stage == select.identity()) {
        EXPECT_EQ(p1.settings.integer("member"), from.settings.integer("member"));
        EXPECT_EQ(p1.settings.integer("round"), from.settings.integer("round") + 1);
      }
  }
  Plan crossed = made("method = \"coft-plus\"\nrounds = 2\ncross_select = true");
  for (const Stage& p1 : stages(crossed, "p1"))
    if (p1.settings.integer("round") == 2) {
      Stage select = of(crossed, p1.inputs.at("selection"));
      EXPECT_NE(of(crossed, select.inputs.at("scores")).settings.integer("member"), p1.settings.integer("member"));
    }
  for (const Stage& p2 : stages(p, "p2")) {
    EXPECT_EQ(p2.settings.text("method"), "coft-contrast");
    EXPECT_FALSE(p2.settings.has("train.batches")) << "contrast is of all images";
    EXPECT_FALSE(p2.settings.has("rounds"));
  }
}

TEST_F(Unsupervised, PromptsInRoundsAndAsMembers) {
  Plan upl = made("method = \"upl\"\nmembers = 3");
  EXPECT_EQ(count(upl), (Counts{{"backbone", 1}, {"score", 1}, {"select", 1}, {"train", 3}, {"ensemble", 1}}));
  EXPECT_EQ(stages(upl, "ensemble").at(0).settings.text("average"), "logits");
  Plan grip = made("method = \"grip\"\nrounds = 4");
  EXPECT_EQ(count(grip), (Counts{{"backbone", 1}, {"score", 1}, {"select", 4}, {"train", 4}}));
  std::set<std::int64_t> rounds;
  for (const Stage& select : stages(grip, "select")) {
    EXPECT_EQ(select.settings.integer("rounds"), 4);
    rounds.insert(select.settings.integer("round"));
  }
  EXPECT_EQ(rounds, (std::set<std::int64_t>{1, 2, 3, 4}));
  for (const Stage& select : stages(made("method = \"ifpl\"\nrounds = 2"), "select"))
    EXPECT_FALSE(select.settings.has("round")) << "a constant number of labels";
  Plan cpl = made("method = \"cpl\"\nrounds = 2");
  for (const Stage& select : stages(cpl, "select")) EXPECT_EQ(select.settings.text("selection"), "candidates");
  for (const Stage& train : stages(cpl, "train")) {
    EXPECT_EQ(train.settings.text("method"), "cpl");
    EXPECT_FALSE(train.settings.has("alpha"));
  }
}

TEST_F(Unsupervised, ScoresOfOnePromptAreOneStageForAll) {
  Plan p = made("[[grid]]\nmethod = [\"coft\", \"upl\", \"grip\", \"ifpl\", \"cpl\"]");
  EXPECT_EQ(count(p)["score"], 1);
}

TEST_F(Unsupervised, AStudentHasATeacherOfItsOwn) {
  Plan p = made("method = \"promptkd\"\nteacher.model = \"clip-vit-l-14\"");
  Stage cell = p.stage(p.cell_node(0)), teacher = of(p, cell.inputs.at("teacher"));
  EXPECT_EQ(teacher.settings.text("model"), "clip-vit-l-14");
  EXPECT_EQ(cell.settings.text("model"), "nano-clip");
  EXPECT_EQ(cell.inputs.at("texts"), (Input{teacher.identity(), Output::features}));
}

TEST_F(Unsupervised, FewShots) {
  Plan p = made("method = \"tip-adapter-f\"\ndata = { shots = 16, validation = 0.2 }");
  EXPECT_EQ(count(p), (Counts{{"backbone", 1}, {"score", 1}, {"embed", 1}, {"train", 1}}));
  EXPECT_EQ(stages(p, "embed").at(0).settings.integer("embed_epochs"), 10);
  EXPECT_THAT(refused("method = \"tip-adapter\"\ndata.shots = 16"),
              HasSubstr("s.toml:5: method tip-adapter is tuned on labelled samples that are set aside: "
                        "data.validation must be above 0"));
  EXPECT_THAT(refused("method = \"coop\"\ndata = { shots = 500, samples = 4000 }"),
              HasSubstr("data.shots = 500: of 10 classes there are 4000 training samples"));
  EXPECT_EQ(refused("method = \"coop\"\ndata.shots = 1\ntrain.batch = 32"), "accepted") << "one short batch";
}

TEST_F(Unsupervised, AFixedModelHasTexts) {
  EXPECT_THAT(
      refused("method = \"promptkd\"\nteacher.model = \"resnet-50\""),
      HasSubstr("s.toml:6: teacher.model = resnet-50: a resnet has no text tower for the classes' prompts; take a "
                "clip or a siglip"));
  EXPECT_THAT(
      refusal("name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"resnet-50\"\nmethod = \"zero-shot\""),
      HasSubstr("model = resnet-50: a resnet has no text tower"));
  EXPECT_EQ(refused("method = \"promptkd\"\nteacher.model = \"siglip-vit-b-16\""), "accepted");
}

TEST_F(Unsupervised, ASettingOfARecipeIsNoneOfAnotherMethod) {
  EXPECT_THAT(refused("method = \"coop\"\n[[grid]]\nk = [8, 16]"),
              HasSubstr("k = 8 cannot be an axis here: method coop has no such key (coft, coft-plus, cpl, grip, ifpl, "
                        "upl have)"));
  EXPECT_THAT(refused("method = \"coft\"\nk = 0"), HasSubstr("k: "));
}

}  // namespace
}  // namespace winnow::sweep
