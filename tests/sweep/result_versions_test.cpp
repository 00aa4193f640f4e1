// Result versions: of methods, of stage kinds, of shared code. Raising one changes the identities of exactly the stages
// that use the code, and of those that need such a stage.
#include <gmock/gmock.h>

#include <set>

#include "fixture.h"
#include "winnow/stage/result_version.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ResultVersions : public SweepTest {
 protected:
  ResultVersions() { catalogue_ = whole_catalogue(); }

  // "train 3": the recipe's name for a stage and its place, of those whose identity is not among `before`.
  std::set<std::string> changed(const Plan& before, const Plan& after) const {
    EXPECT_EQ(before.nodes().size(), after.nodes().size());
    std::set<std::string> result;
    for (std::size_t i = 0; i < after.nodes().size(); ++i)
      if (after.nodes()[i].identity != before.nodes()[i].identity)
        result.insert(std::string(after.nodes()[i].label) + " " + std::to_string(i));
    for (std::uint32_t i = 0; i < after.nodes().size(); ++i)
      EXPECT_EQ(after.stage(i).identity(), after.nodes()[i].identity) << "the fast way is the plain one";
    return result;
  }
  std::set<std::string> raising(const std::string& part, const std::string& text) {
    Plan before = plan(text);
    catalogue_.shared_code.at(part) = 2;
    std::set<std::string> result = changed(before, plan(text));
    catalogue_.shared_code.at(part) = 1;
    return result;
  }
};

// backbone 0, score 1, narrow 2, train 3 of nano-clip; train 4 of a downloaded vision transformer; backbone again:
// score 5, detect 6, train 7.
const std::string kSweep = R"(name = "s"
[base]
dataset = "fashion-mnist"
[[grid]]
method = ["cc"]
model = ["nano-clip"]
labels = [{ kind = "flip", rate = 0.1, keep_fraction = 0.5 }]
seed = [0]
[[grid]]
method = ["cc"]
model = ["in21k-vit-b-16"]
adapt = ["lora"]
head_init = ["random"]
labels = [{ kind = "flip", rate = 0.1 }]
[[grid]]
method = ["detect-train"]
model = ["nano-clip"]
labels = [{ kind = "symmetric", rate = 0.4 }]
detect = [{ method = "label-match" }]
)";

TEST_F(ResultVersions, SharedCodeChangesWhoUsesItAndWhoNeedsThem) {
  Plan p = plan(kSweep);
  ASSERT_EQ(p.nodes().size(), 8u);
  EXPECT_THAT(raising("family.vit", kSweep), UnorderedElementsAre("train 4"));
  EXPECT_THAT(raising("preprocessing.vit", kSweep), UnorderedElementsAre("train 4"));
  EXPECT_THAT(raising("snapshot.vit", kSweep), UnorderedElementsAre("train 4"));
  EXPECT_THAT(raising("adaptation.lora", kSweep), UnorderedElementsAre("train 4"));
  EXPECT_THAT(raising("adaptation.adaptformer", kSweep), UnorderedElementsAre("train 3", "train 7"));
  EXPECT_THAT(raising("preprocessing.clip", kSweep), UnorderedElementsAre())
      << "nano-clip says its own; no snapshot was downloaded";
  EXPECT_THAT(raising("snapshot.clip", kSweep), UnorderedElementsAre());
  EXPECT_THAT(raising("family.siglip", kSweep), UnorderedElementsAre());
  EXPECT_EQ(raising("family.clip", kSweep).size(), 7u) << "all but the vision transformer's";
  EXPECT_EQ(raising("tokenizer.clip", kSweep).size(), 7u);
  EXPECT_EQ(raising("samples", kSweep).size(), 8u);
  EXPECT_EQ(raising("views", kSweep).size(), 8u);
}

// Labels are made by narrow, detect and train; the scores and the backbone do not know them.
TEST_F(ResultVersions, LabelsAreOfThoseWhoMakeThem) {
  EXPECT_THAT(raising("labels", kSweep), UnorderedElementsAre("narrow 2", "train 3", "train 4", "detect 6", "train 7"));
}

TEST_F(ResultVersions, WhoSeesNoImageHasNoFamily) {
  Plan p = plan(kSweep);
  EXPECT_EQ(p.stage(2).shared, (PartVersions{{"labels", 1}, {"samples", 1}})) << "narrow";
  EXPECT_EQ(p.stage(6).shared, (PartVersions{{"labels", 1}, {"samples", 1}})) << "detect by label match";
}

TEST_F(ResultVersions, PartsAtOneAreInNoIdentityAndThoseAboveAre) {
  Stage stage = plan(kSweep).stage(4);
  EXPECT_THAT(stage.canonical(), ::testing::Not(HasSubstr("shared")));
  Stage bare = stage;
  bare.shared.clear();
  EXPECT_EQ(bare.identity(), stage.identity()) << "run files from before there were parts keep their identity";
  catalogue_.shared_code.at("family.vit") = 3;
  EXPECT_THAT(plan(kSweep).stage(4).canonical(), HasSubstr("},\"shared\":{\"family.vit\":3},\"version\":1}"));
}

TEST_F(ResultVersions, OfKindsReachTheirStagesAlone) {
  Plan before = plan(kSweep);
  catalogue_.kind_versions.at(StageKind::narrow) = 2;
  EXPECT_THAT(changed(before, plan(kSweep)), UnorderedElementsAre("narrow 2", "train 3"));
  catalogue_.kind_versions.at(StageKind::narrow) = 1;
  catalogue_.kind_versions.at(StageKind::score) = 2;
  EXPECT_THAT(changed(before, plan(kSweep)),
              UnorderedElementsAre("score 1", "narrow 2", "train 3", "score 5", "detect 6", "train 7"));
}

TEST_F(ResultVersions, OfMethodsAreThoseOfTheirPresets) {
  for (const auto& [name, method] : catalogue_.methods)
    EXPECT_EQ(result_version_of_method(name), method.version) << name;
  EXPECT_EQ(method_versions().size(), catalogue_.methods.size() + catalogue_.parts.size());
  Plan before = plan(kSweep);
  catalogue_.methods.at("label-match").version = 5;
  EXPECT_THAT(changed(before, plan(kSweep)), UnorderedElementsAre("detect 6", "train 7"));
}

// Every word that a part is named after.
TEST_F(ResultVersions, EveryFamilyAndAdaptationHasItsPart) {
  for (const auto& [name, model] : catalogue_.models)
    for (const char* what : {"family.", "snapshot.", "preprocessing."})
      EXPECT_TRUE(catalogue_.shared_code.count(what + model.family)) << what << model.family;
  for (const Key& key : catalogue_.common) {
    if (key.key != "adapt") continue;
    for (const std::string& word : key.words) EXPECT_TRUE(catalogue_.shared_code.count("adaptation." + word)) << word;
  }
}

}  // namespace
}  // namespace winnow::sweep
