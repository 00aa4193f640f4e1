// Labels that people gave, as a sweep names them.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using testing::HasSubstr;

class Annotated : public SweepTest {
 protected:
  Annotated() {
    catalogue_.labels["fashion-mnist"] = {
        {"worst", {"w", false, 0.4}}, {"random-1", {"r", false, 0.2}}, {"vaguest", {"v", true, 0.1}}};
    for (Key& key : catalogue_.common)
      if (key.key == "labels.scorer.model") key.words = {"nano-clip", "wide-resnet-10-1"};
  }
  static std::string labels(const std::string& rest) {
    return sweep("labels = { kind = \"annotated\", " + rest + " }\n");
  }
  static Stage last(const Plan& p) { return p.stage(p.cell_node(0)); }
};

TEST_F(Annotated, TheFilesFingerprintBelongsToTheStage) {
  Plan p = plan(labels("set = \"vaguest\"") + "method = \"proden\"\n");
  Stage stage = last(p);
  EXPECT_EQ(stage.fingerprints.at("labels"), "v");
  EXPECT_EQ(stage.fingerprints.at("data"), "0123456789abcdef0123456789abcdef");
  Identity before = stage.identity();
  catalogue_.labels["fashion-mnist"]["vaguest"].fingerprint = "V";
  EXPECT_NE(last(plan(labels("set = \"vaguest\"") + "method = \"proden\"\n")).identity(), before);
  EXPECT_EQ(last(plan(sweep("method = \"proden\"\n"))).fingerprints.count("labels"), 0u);
}

TEST_F(Annotated, EverySetOfAnAxisHasItsOwn) {
  Plan p =
      plan(sweep("method = \"ce\"\nlabels.kind = \"annotated\"\n[[grid]]\nlabels.set = [\"worst\", \"random-1\"]\n"));
  EXPECT_EQ(p.stage(p.cell_node(0)).fingerprints.at("labels"), "w");
  EXPECT_EQ(p.stage(p.cell_node(1)).fingerprints.at("labels"), "r");
}

TEST_F(Annotated, GivenLabelsAreSingletonsForPartialLabelMethods) {
  Stage stage = last(plan(labels("set = \"worst\"") + "method = \"cc\"\n"));
  EXPECT_FALSE(stage.settings.has("labels.keep_fraction")) << "there is no set to narrow";
  EXPECT_FALSE(stage.settings.has("labels.scorer.model"));
  stage = last(plan(labels("set = \"worst\", scores = \"trained\", scorer = { model = \"wide-resnet-10-1\", mode = "
                           "\"batch-statistics\" }") +
                    "method = \"cc\"\n"));
  for (const auto& [key, value] : stage.settings.all()) EXPECT_FALSE(key.starts_with("labels.scor")) << key;
}

TEST_F(Annotated, SetsCanBeNarrowed) {
  Plan p = plan(labels("set = \"vaguest\", keep_fraction = 0.5") + "method = \"cc\"\n");
  Stage train = last(p);
  EXPECT_EQ(train.fingerprints.count("labels"), 0u) << "the narrowed sets are an input";
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) {
    if (p.nodes()[i].label == "narrow") {
      EXPECT_EQ(p.stage(i).fingerprints.at("labels"), "v");
    }
    if (p.nodes()[i].label == "score") {
      EXPECT_EQ(p.stage(i).fingerprints.count("labels"), 0u) << "scores are shared by all labels";
    }
  }
}

TEST_F(Annotated, WhatCannotBeIsRefused) {
  EXPECT_THAT(refusal(sweep("method = \"cc\"\nlabels.kind = \"annotated\"\n")),
              HasSubstr("labels.set is not set, needed where labels.kind = annotated"));
  EXPECT_THAT(refusal(labels("set = \"wurst\"") + "method = \"cc\"\n"),
              HasSubstr("s.toml:4: labels.set: no labels 'wurst' of fashion-mnist on this machine (did you mean "
                        "'worst'?); known: random-1, vaguest, worst."));
  EXPECT_THAT(refusal(labels("set = \"own\"") + "method = \"cc\"\n"), HasSubstr("no labels 'own'"))
      << "its own labels are the true ones";
  EXPECT_THAT(refusal(labels("set = \"vaguest\"") + "method = \"ce\"\n"),
              HasSubstr("method ce learns from one given label, labels.kind = annotated of the set vaguest gives "
                        "candidate sets; able to: cc, crdpll, proden"));
  EXPECT_THAT(refusal(labels("set = \"worst\", keep_fraction = 0.5") + "method = \"cc\"\n"),
              HasSubstr("gives one label a sample: there is no set"));
  EXPECT_THAT(refusal(labels("set = \"worst\", rate = 0.5") + "method = \"cc\"\n"), HasSubstr("labels.rate"));
  EXPECT_THAT(refusal(sweep("method = \"cc\"\nlabels.set = \"worst\"\n")),
              HasSubstr("it exists only where labels.kind = annotated"));
}

TEST_F(Annotated, ADataSetWhoseOwnLabelsAreNoisyHasThem) {
  Catalogue all = Catalogue::built_in({{"clothing1m", "c"}, {"fashion-mnist", "f"}});
  catalogue_ = all;
  Plan p = plan(
      "[base]\ndataset = \"clothing1m\"\nmodel = \"nano-clip\"\nmethod = \"detect-train\"\ndetect.method = "
      "\"gmm\"\ndata.first = 0\n");
  Stage stage = last(p);
  EXPECT_EQ(stage.settings.text("labels.kind"), "annotated");
  EXPECT_EQ(stage.settings.text("labels.set"), "own");
  EXPECT_EQ(stage.fingerprints.count("labels"), 0u) << "the data's fingerprint covers them";
}

TEST_F(Annotated, ValidationSamplesChangeAnIdentityOnlyWhereThereAreSome) {
  Identity without = last(plan(sweep("method = \"cc\"\n"))).identity();
  EXPECT_EQ(last(plan(sweep("method = \"cc\"\ndata.validation = 0.0\n"))).identity(), without);
  EXPECT_NE(last(plan(sweep("method = \"cc\"\ndata.validation = 0.1\n"))).identity(), without);
  EXPECT_THAT(refusal(sweep("method = \"cc\"\ndata.validation = 1.0\n")), HasSubstr("data.validation"));
}

}  // namespace
}  // namespace winnow::sweep
