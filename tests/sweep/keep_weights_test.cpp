// keep_weights: which stages yield their weights, and that nobody else's results become others.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class KeepWeights : public SweepTest {
 protected:
  static std::vector<std::string> identities(const Plan& p) {
    std::vector<std::string> result;
    for (const Node& node : p.nodes()) result.push_back(node.identity.hex());
    return result;
  }
  // The labels of the stages, but pre-trainings, whose outputs are weights.
  static std::vector<std::string> keepers(const Plan& p) {
    std::vector<std::string> result;
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (Stage stage = p.stage(i); stage.kind != StageKind::pretrain && stage.outputs.count(Output::weights))
        result.emplace_back(p.nodes()[i].label);
    return result;
  }
  const std::string two_methods_ = "[[grid]]\nmethod = [\"cc\", \"proden\"]\n";
};

TEST_F(KeepWeights, MakesAnotherStageAndLeavesTheOthersAsTheyAre) {
  Plan plain = plan(sweep(two_methods_)), said = plan(sweep("keep_weights = false\n" + two_methods_)),
       kept = plan(sweep("keep_weights = true\n" + two_methods_));
  EXPECT_EQ(identities(said), identities(plain));
  EXPECT_EQ(identities(kept)[0], identities(plain)[0]) << "the backbone";
  EXPECT_NE(identities(kept)[1], identities(plain)[1]);
  EXPECT_THAT(keepers(plain), ElementsAre());
  EXPECT_THAT(keepers(kept), ElementsAre("train", "train"));
  for (std::uint32_t i = 0; i < kept.nodes().size(); ++i) {
    EXPECT_FALSE(kept.stage(i).settings.has("keep_weights")) << i;
    EXPECT_EQ(kept.stage(i).identity(), kept.nodes()[i].identity);
  }
}

TEST_F(KeepWeights, MayBeAskedOfSomeAndIsNoAxisOfTables) {
  Plan p =
      plan(sweep("[[grid]]\nmethod = [\"cc\"]\nseed = [0, 1, 2]\n[[override]]\nwhen = { seed = 1 }\nset = { "
                 "keep_weights = true }"));
  EXPECT_THAT(keepers(p), ElementsAre("train"));
  EXPECT_THAT(p.axes(), ElementsAre("seed"));
}

TEST_F(KeepWeights, OfADetectorsLearnerOfMembersAndOfNothing) {
  catalogue_ = whole_catalogue();
  const std::string base =
      "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\nkeep_weights = true\n";
  EXPECT_THAT(keepers(plan(base + "method = \"detect-train\"\ndetect.method = \"gmm\"\nlabels = { kind = "
                                  "\"symmetric\", rate = 0.2 }\n")),
              ElementsAre("train"));
  EXPECT_THAT(keepers(plan(base + "method = \"coft\"\n")), ElementsAre("p2", "p2"));
  EXPECT_THAT(refusal(base + "method = \"zero-shot\"\n"),
              HasSubstr("s.toml:5: keep_weights applies to no experiment of the sweep: winnow trains nothing"));
  EXPECT_THAT(keepers(plan(base + "[[grid]]\nmethod = [\"zero-shot\", \"ce\"]\n")), ElementsAre("train"));
  EXPECT_THAT(refusal("name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n[[grid]]\nmethod = "
                      "[\"zero-shot\"]\nkeep_weights = [true]\n"),
              HasSubstr("keep_weights = true cannot be an axis here: winnow trains nothing for method zero-shot"));
}

}  // namespace
}  // namespace winnow::sweep
