// The graphs of methods that learn without labels.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "../folder.h"
#include "fixture.h"
#include "winnow/core/file.h"
#include "winnow/data/shot_lists.h"

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
  // Records a list of so many images of Fashion-MNIST from this one on, and returns its fingerprint.
  std::string record_list(const std::string& name, std::int64_t images = 40, std::int64_t first = 20'000) {
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
    data::Record dataset;
    dataset.name = "fashion-mnist", dataset.fingerprint = "f", dataset.train = 60'000;
    Value places = Value::array();
    for (std::int64_t i = 0; i < images; ++i) places.push_back(first + i);
    write_file_atomically(folder_ / "list.json", places.dump());
    std::string fingerprint = data::record_shot_list(name, dataset, folder_ / "list.json").fingerprint;
    return catalogue_.fingerprints["shots/fashion-mnist/" + name] = fingerprint;
  }

  Folder folder_;
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

// Lists of few labelled images count by their content; a teacher on another data set has no part in them.
TEST_F(Unsupervised, AListOfShotsCountsByItsContent) {
  const std::string content = record_list("coop-4-1");
  record_list("same");
  auto cell = [&](const std::string& rest) {
    Plan p = made(rest);
    return p.stage(p.cell_node(0));
  };
  Stage drawn = cell("method = \"coop\"\ndata.shots = 4"),
        listed = cell("method = \"coop\"\ndata = { shots = 4, shot_list = \"coop-4-1\" }");
  EXPECT_EQ(listed.fingerprints.at("shots"), content);
  EXPECT_FALSE(listed.settings.has("data.shot_list"));
  EXPECT_NE(listed.identity(), drawn.identity());
  EXPECT_EQ(cell("method = \"coop\"\ndata = { shots = 4, shot_list = \"same\" }").identity(), listed.identity());
  EXPECT_EQ(cell("method = \"coop\"\ndata = { shots = 4, shot_list = \"\" }").identity(), drawn.identity());
  Plan known = made("method = \"coft\"\nlabelled_shots = 4\ndata.shot_list = \"same\"");
  for (const Stage& stage : stages(known, "cross-filter")) EXPECT_EQ(stage.fingerprints.at("shots"), content);
  Plan taught =
      made("method = \"promptkd\"\nteacher.method = \"promptsrc\"\ndata = { shots = 4, shot_list = \"same\" }");
  for (std::uint32_t i = 0; i < taught.nodes().size(); ++i) {
    Stage stage = taught.stage(i);
    if (!stage.settings.has("dataset") || taught.nodes()[i].label == "backbone") continue;
    EXPECT_EQ(stage.fingerprints.count("shots"), stage.settings.text("dataset") == "fashion-mnist" ? 1u : 0u)
        << taught.nodes()[i].label;
  }
  std::set<std::string> axis;
  Plan several =
      made("method = \"coop\"\ndata.shots = 4\n[[grid]]\n\"data.shot_list\" = [\"\", \"same\"]\nseed = [0, 1]");
  for (std::size_t i = 0; i < several.experiments(); ++i)
    axis.insert(several.stage(several.cell_node(i)).identity().hex());
  EXPECT_EQ(axis.size(), 4u);
}

TEST_F(Unsupervised, ListsOfShotsThatCannotBeAreRefused) {
  record_list("coop-4-1");
  catalogue_.fingerprints["shots/eurosat/other"] = "bb";
  EXPECT_THAT(refused("method = \"coop\"\ndata = { shots = 4, shot_list = \"coop-4\" }"),
              HasSubstr("s.toml:6: data.shot_list: no list 'coop-4' of fashion-mnist on this machine (did you mean "
                        "'coop-4-1'?): known are coop-4-1; `winnow data shots coop-4 FILE --dataset fashion-mnist` "
                        "records one"));
  EXPECT_THAT(refused("method = \"coop\"\ndata = { shots = 4, shot_list = \"other\" }"),
              HasSubstr("no list 'other' of fashion-mnist"))
      << "it is another data set's";
  EXPECT_THAT(
      refused("method = \"coop\"\ndata.shot_list = \"coop-4-1\""),
      HasSubstr("data.shot_list = \"coop-4-1\": a list of few images of each class, but data.shots = 0 takes all"));
  EXPECT_THAT(
      refused("method = \"coop\"\ndata = { shots = 3, shot_list = \"coop-4-1\" }"),
      HasSubstr("s.toml:6: data.shot_list = \"coop-4-1\": it has 40 images, and data.shots = 3 of 10 classes are "
                "30"));
  EXPECT_THAT(refused("method = \"coft\"\nlabelled_shots = 2\ndata.shot_list = \"coop-4-1\""),
              HasSubstr("it has 40 images, and labelled_shots = 2 of 10 classes are 20"));
  record_list("early", 40, 19'990);
  EXPECT_THAT(refused("method = \"coop\"\ndata = { shots = 4, shot_list = \"early\" }"),
              HasSubstr("10 of its 40 images are not among those from data.first = 20000"));
}

// docs/methods/unsupervised.md#9, A15: the labelled set in the second phase alone.
TEST_F(Unsupervised, LabelledImagesMayBeKnownInTheSecondPhaseAlone) {
  auto of = [&](const std::string& rest, const std::string& label) {
    return stages(made("method = \"coft\"\n" + rest), label).at(0);
  };
  const std::string some = "labelled_shots = 2\n", late = some + "labelled_phases = \"second\"";
  EXPECT_EQ(of(some, "select").settings.integer("labelled_shots"), 2);
  EXPECT_FALSE(of(late, "select").settings.has("labelled_shots"));
  EXPECT_EQ(of(late, "p1").identity(), of("", "p1").identity()) << "the first phase of no labels";
  EXPECT_EQ(of(late, "cross-filter").settings.integer("labelled_shots"), 2);
  EXPECT_NE(of(late, "cross-filter").identity(), of(some, "cross-filter").identity());
  EXPECT_EQ(of("labelled_phases = \"second\"", "ensemble").identity(), of("", "ensemble").identity())
      << "of no labelled images";
  EXPECT_THAT(refused("method = \"coft\"\nlabelled_phases = \"first\""), HasSubstr("labelled_phases"));
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

TEST_F(Unsupervised, LabelledImagesAreToldToSelectionsAndExchangesAlone) {
  Plan p = made("method = \"coft-plus\"\nrounds = 2\nlabelled_shots = 4");
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) {
    StageKind kind = p.stage(i).kind;
    EXPECT_EQ(p.stage(i).settings.has("labelled_shots"), kind == StageKind::select || kind == StageKind::cross_filter)
        << p.nodes()[i].label;
  }
  Plan none = made("method = \"coft-plus\"\nrounds = 2\nlabelled_shots = 0"),
       plain = made("method = \"coft-plus\"\nrounds = 2");
  EXPECT_EQ(none.nodes()[none.cell_node(0)].identity, plain.nodes()[plain.cell_node(0)].identity);
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

TEST_F(Unsupervised, ARoundMayGoOnFromTheLastOnesPrompt) {
  Plan p = made("method = \"grip\"\nrounds = 3\nwarm_start = true\nheld_out = 0.2");
  for (const Stage& train : stages(p, "train")) {
    std::int64_t round = train.settings.integer("round");
    EXPECT_FALSE(train.settings.has("warm_start"));
    EXPECT_EQ(train.outputs.count(Output::weights), round < 3 ? 1u : 0u);
    ASSERT_EQ(train.inputs.count("prompts"), round > 1 ? 1u : 0u);
    if (round > 1) {
      EXPECT_EQ(of(p, train.inputs.at("prompts")).settings.integer("round"), round - 1);
    }
  }
  for (const Stage& select : stages(p, "select")) EXPECT_EQ(select.settings.real("held_out"), 0.2);
  Plan anew = made("method = \"grip\"\nrounds = 3\nwarm_start = false\nheld_out = 0.0");
  Plan plain = made("method = \"grip\"\nrounds = 3");
  EXPECT_EQ(anew.nodes()[anew.cell_node(0)].identity, plain.nodes()[plain.cell_node(0)].identity);
}

// docs/methods/unsupervised.md#9, A8, A9, A14. What is not asked for changes no identity.
TEST_F(Unsupervised, TheSecondPhaseMayTakeFromTheFirstOne) {
  Plan plain = made("method = \"coft\"");
  Plan said = made("method = \"coft\"\nkeep_vpt = false\ntext_member = false\nhead_init = \"random\"");
  EXPECT_EQ(said.nodes()[said.cell_node(0)].identity, plain.nodes()[plain.cell_node(0)].identity);
  Plan kept = made("method = \"coft-plus\"\nrounds = 2\nkeep_vpt = true"),
       texts = made("method = \"coft\"\nhead_init = \"prompts\"");
  for (const auto& [p, input, output] :
       {std::tuple{&kept, "visual_prompts", Output::weights}, std::tuple{&texts, "head_texts", Output::features}})
    for (const Stage& second : stages(*p, "p2")) {
      EXPECT_EQ(second.inputs.at(input).output, output);
      Stage first = of(*p, second.inputs.at(input));
      EXPECT_EQ(first.settings.integer("member"), second.settings.integer("member")) << "of the same model";
      EXPECT_EQ(first.settings.integer("round"), p == &kept ? 2 : 1) << "of the last round";
      EXPECT_TRUE(first.outputs.count(output));
      EXPECT_FALSE(second.settings.has("keep_vpt"));
    }
  Plan member = made("method = \"coft\"\ntext_member = true");
  Stage cell = member.stage(member.cell_node(0)), evaluate = of(member, cell.inputs.at("texts.1"));
  EXPECT_EQ(evaluate.kind, StageKind::evaluate);
  EXPECT_EQ(evaluate.settings.text("template"), stages(member, "score").at(0).settings.text("template"));
  EXPECT_EQ(stages(member, "p2").at(0).identity(), stages(plain, "p2").at(0).identity());
  EXPECT_NE(cell.identity(), plain.stage(plain.cell_node(0)).identity());
}

TEST_F(Unsupervised, WhatAFirstPhaseCannotHandOnIsRefused) {
  EXPECT_THAT(refused("method = \"coft\"\nkeep_vpt = true\np1.model = \"clip-vit-l-14\""),
              HasSubstr("s.toml:6: keep_vpt = true: p1.model = clip-vit-l-14 and model = nano-clip must be the same"));
  EXPECT_THAT(refused("method = \"coft\"\nkeep_vpt = true\np1.adapt = \"adaptformer\""),
              HasSubstr("s.toml:6: keep_vpt = true: p1.adapt = adaptformer: the first phase learns no visual prompts "
                        "that could be kept; allowed there: vpt-deep, vpt-shallow"));
  EXPECT_THAT(refused("method = \"coft\"\nkeep_vpt = true\nadapt = \"lora\""),
              HasSubstr("s.toml:6: keep_vpt = true: adapt = lora: it puts modules of its own beside the prompts; "
                        "allowed there: full-tuning, linear-probe"));
  EXPECT_THAT(
      refused("method = \"coft\"\nhead_init = \"prompts\"\np1.model = \"clip-vit-l-14\""),
      HasSubstr("s.toml:6: head_init = prompts: p1.model = clip-vit-l-14 and model = nano-clip must be the same"));
  EXPECT_THAT(refused("method = \"ce\"\nhead_init = \"prompts\""),
              HasSubstr("s.toml:6: head_init = prompts: it is the second phase of coft and coft-plus"));
  EXPECT_THAT(refused("method = \"coft\"\nkeep_vpt = \"yes\""), HasSubstr("keep_vpt"));
  EXPECT_THAT(refused("method = \"upl\"\n[[grid]]\ntext_member = [true, false]"),
              HasSubstr("method upl has no such key (coft, coft-plus have)"));
}

// docs/methods/unsupervised.md#6.2, A19.
TEST_F(Unsupervised, RoundsMayLearnTokensOfImages) {
  for (const std::string name : {"ifpl", "grip"}) {
    SCOPED_TRACE(name);
    const std::string base = "method = \"" + name + "\"\nrounds = 2\n";
    auto trained = [&](const std::string& rest) { return stages(made(base + rest), "train"); };
    for (const Stage& train : trained("modality = \"visual\"")) {
      EXPECT_EQ(train.settings.text("method"), "visual-prompts");
      EXPECT_EQ(train.settings.integer("visual_length"), 0);
      EXPECT_FALSE(train.settings.has("context_length")) << "its texts are fixed";
      EXPECT_FALSE(train.settings.has("modality"));
      EXPECT_EQ(train.inputs.at("texts").output, Output::features);
      EXPECT_EQ(train.settings.real("train.lr"), 0.1);
    }
    Plan visual = made(base + "modality = \"visual\"");
    EXPECT_EQ(stages(visual, "train").at(1).inputs.at("texts").stage, stages(visual, "score").at(0).identity())
        << "those of the labels of the first round, in every round";
    for (const Stage& train : trained("modality = \"multimodal\"")) {
      EXPECT_EQ(train.settings.text("method"), "multimodal-prompts");
      EXPECT_TRUE(train.settings.has("context_length"));
      EXPECT_TRUE(train.settings.has("visual_length"));
      EXPECT_FALSE(train.inputs.count("texts"));
    }
    EXPECT_EQ(trained("modality = \"textual\"").at(1).identity(), trained("").at(1).identity());
    EXPECT_FALSE(trained("").at(0).settings.has("visual_length"));
    EXPECT_NE(trained("modality = \"visual\"\nvisual_length = 8").at(0).identity(),
              trained("modality = \"visual\"").at(0).identity());
    EXPECT_EQ(trained("modality = \"visual\"\ncontext_length = 8").at(0).identity(),
              trained("modality = \"visual\"").at(0).identity())
        << "a prompt that is not learned";
  }
  EXPECT_THAT(refused("method = \"grip\"\nmodality = \"visual\"\nwarm_start = true"),
              HasSubstr("s.toml:7: warm_start = true: it is a prompt that a round goes on from, and with modality = "
                        "visual each begins anew; allowed there: false"));
  EXPECT_THAT(refused("method = \"grip\"\nmodality = \"visuel\""), HasSubstr("modality"));
  EXPECT_THAT(refused("method = \"grip\"\n[[grid]]\nvisual_length = [8, 16]"),
              HasSubstr("it exists only where modality = visual or multimodal"));
  EXPECT_THAT(refused("method = \"cpl\"\n[[grid]]\nmodality = [\"visual\"]"),
              HasSubstr("method cpl has no such key (grip, ifpl have)"));
  EXPECT_THAT(refused("method = \"visual-prompts\""), HasSubstr("visual-prompts"));
}

TEST_F(Unsupervised, TheHeadMayStandOnTheProjection) {
  for (const Stage& p2 : stages(made("method = \"coft\"\nhead_input = \"proj\""), "p2"))
    EXPECT_EQ(p2.settings.text("head_input"), "proj");
  EXPECT_NE(made("method = \"coft\"\nhead_input = \"proj\"").nodes().back().identity,
            made("method = \"coft\"").nodes().back().identity);
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

TEST_F(Unsupervised, TextsTeachAClassifierThatLabelsImages) {
  Plan p = made("method = \"lafter\"\n[[grid]]\nseed = [1, 2]");
  EXPECT_EQ(count(p), (Counts{{"backbone", 1}, {"embed", 1}, {"text", 2}, {"train", 2}})) << "texts have no seed";
  Stage cell = p.stage(p.cell_node(0)), text = of(p, cell.inputs.at("text_head"));
  EXPECT_EQ(cell.inputs.at("text_head").output, Output::weights);
  EXPECT_EQ(cell.settings.text("adapt"), "vpt-shallow-ln");
  EXPECT_FALSE(cell.settings.flag("train.decay_biases"));
  EXPECT_EQ(cell.settings.text("views.teacher"), "plain") << "small images are not cropped";
  EXPECT_EQ(text.settings.text("method"), "lafter-text");
  EXPECT_EQ(text.settings.text("adapt"), "linear-probe");
  EXPECT_EQ(text.settings.integer("train.epochs"), 1);
  EXPECT_TRUE(text.settings.flag("train.decay_biases"));
  EXPECT_EQ(of(p, text.inputs.at("text_features")).settings.text("template"), "nano-clip-8");
  Plan real = plan("name = \"s\"\n[base]\ndataset = \"flowers102\"\nmodel = \"clip-vit-b-16\"\nmethod = \"lafter\"");
  EXPECT_EQ(stages(real, "text").at(0).settings.integer("steps"), 600);
  EXPECT_EQ(stages(real, "embed").at(0).settings.text("template"), "clip-flowers-102");
  EXPECT_EQ(stages(real, "train").at(0).settings.text("views.teacher"), "test");
  EXPECT_EQ(stages(made("method = \"lafter\"\nprompt = \"a {}.\""), "embed").at(0).settings.text("template"), "a {}.");
  EXPECT_THAT(refused("method = \"lafter\"\nprompt = \"imagenet-8\""), HasSubstr("did you mean 'imagenet-7'?"));
}

TEST_F(Unsupervised, ATeacherMayLearnTheLabelsOfAnotherDataSet) {
  Plan p = made(
      "method = \"promptkd\"\nteacher = { method = \"promptsrc\", model = \"clip-vit-l-14\" }\n[[grid]]\nseed = [1, "
      "2]");
  EXPECT_EQ(count(p), (Counts{{"backbone", 1}, {"embed", 1}, {"teacher", 1}, {"score", 1}, {"train", 2}}))
      << "one teacher for all seeds";
  Stage cell = p.stage(p.cell_node(0)), score = of(p, cell.inputs.at("teacher"));
  EXPECT_EQ(cell.inputs.at("texts"), (Input{score.identity(), Output::features}));
  EXPECT_EQ(score.settings.text("dataset"), "fashion-mnist");
  EXPECT_EQ(score.settings.text("model"), "clip-vit-l-14");
  EXPECT_EQ(score.settings.integer("data.first"), 20000) << "of the student's images";
  EXPECT_FALSE(score.settings.has("train.lr"));
  Stage teacher = of(p, score.inputs.at("trained"));
  EXPECT_EQ(teacher.settings.text("method"), "promptsrc");
  EXPECT_EQ(teacher.settings.text("dataset"), "imagenet");
  EXPECT_EQ(teacher.fingerprints.at("data"), catalogue_.fingerprints.at("imagenet"));
  EXPECT_EQ(teacher.settings.integer("data.shots"), 16);
  EXPECT_EQ(teacher.settings.integer("data.first"), 0) << "whatever the student takes of its own";
  EXPECT_EQ(teacher.settings.text("labels.kind"), "clean");
  EXPECT_EQ(teacher.settings.text("adapt"), "vpt-front");
  EXPECT_EQ(teacher.settings.integer("vpt_depth"), 9);
  EXPECT_EQ(teacher.settings.text("train.average"), "gaussian");
  Stage texts = of(p, teacher.inputs.at("texts"));
  EXPECT_EQ(texts.settings.text("template"), "imagenet-80");
  EXPECT_EQ(texts.settings.text("dataset"), "imagenet");
  EXPECT_EQ(made("method = \"promptkd\"\nteacher = { method = \"promptsrc\", model = \"clip-vit-l-14\" }\nsource.seed "
                 "= \"=seed\"\n[[grid]]\nseed = [1, 2]")
                .nodes()
                .size(),
            8u);
  EXPECT_THAT(refused("method = \"promptkd\"\nteacher.method = \"promptsrc\"\nsource.dataset = \"imagenett\""),
              HasSubstr("did you mean 'imagenet'?"));
  EXPECT_THAT(refused("method = \"promptkd\"\nsource.shots = 4"), HasSubstr("source.shots"));
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

// docs/methods/unsupervised.md#8: a part that is a data set of its own counts by its fingerprint, in stages that train.
TEST_F(Unsupervised, TheOwnValidationPartIsADataSet) {
  catalogue_.fingerprints["dtd-val"] = "v";
  auto of = [&](const std::string& rest) {
    return plan("name = \"s\"\n[base]\ndataset = \"dtd\"\nmodel = \"clip-vit-b-16\"\n" + rest);
  };
  auto no = [&](const std::string& rest) {
    return refusal("name = \"s\"\n[base]\ndataset = \"dtd\"\nmodel = \"clip-vit-b-16\"\n" + rest);
  };
  const std::string tip = "method = \"tip-adapter\"\ndata = { shots = 4, validation_split = \"own\" }";
  Plan own = of(tip);
  Stage cell = own.stage(own.cell_node(0));
  EXPECT_EQ(cell.fingerprints.at("validation.dtd-val"), "v");
  EXPECT_FALSE(cell.settings.has("data.validation_split"));
  for (const char* label : {"score", "embed"})
    for (const Stage& stage : stages(own, label)) {
      EXPECT_FALSE(stage.fingerprints.count("validation.dtd-val")) << label << " sees no validation image";
      EXPECT_FALSE(stage.settings.has("data.validation_split"));
    }
  Plan plain = of("method = \"coop\"\ndata.shots = 4"), share =
                                                            of("method = \"coop\"\ndata = { shots = 4, "
                                                               "validation_split = \"share\" }");
  EXPECT_EQ(plain.nodes()[plain.cell_node(0)].identity, share.nodes()[share.cell_node(0)].identity);
  Plan both = of("method = \"coop\"\ndata.shots = 4\n[[grid]]\n\"data.validation_split\" = [\"share\", \"own\"]");
  EXPECT_EQ(both.nodes()[both.cell_node(0)].identity, plain.nodes()[plain.cell_node(0)].identity);
  EXPECT_NE(both.nodes()[both.cell_node(1)].identity, plain.nodes()[plain.cell_node(0)].identity);

  EXPECT_THAT(no("method = \"coop\"\ndata = { validation = 0.1, validation_split = \"own\" }"),
              HasSubstr("data.validation = 0.1 sets training samples aside; set one of them"));
  EXPECT_THAT(refused("method = \"coop\"\ndata.validation_split = \"own\""),
              HasSubstr("s.toml:6: data.validation_split = \"own\": fashion-mnist has no validation part: its preset "
                        "names no validation_split"));
  EXPECT_THAT(no("method = \"tip-adapter\"\ndata.shots = 4"),
              HasSubstr("data.validation must be above 0, or data.validation_split = own"));
  EXPECT_THAT(no("method = \"coop\"\ndata.validation_split = \"val\""), HasSubstr("data.validation_split"));
  catalogue_.fingerprints.erase("dtd-val");
  EXPECT_THAT(no(tip),
              HasSubstr("no fingerprint of dtd-val on this machine: run `winnow data check dtd-val --root FOLDER`"));
  EXPECT_THAT(refusal("name = \"s\"\n[base]\ndataset = \"dtd-val\"\nmodel = \"clip-vit-b-16\"\nmethod = \"coop\""),
              HasSubstr("it has test images alone"));
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
