// Sweeps whose data, labels, weights, scores or class texts are not on this machine: what they come to is known, what
// their stages are called is not.
#include <gmock/gmock.h>

#include <set>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OnAnEmptyMachine : public SweepTest {
 protected:
  OnAnEmptyMachine() { catalogue_ = Catalogue::built_in({}); }

  Plan sketch(const std::string& text) const {
    plan_file(text);
    return Plan::read("s.toml", catalogue_, {}, Absent::leave_open);
  }
  static void plan_file(const std::string& text) { std::ofstream("s.toml", std::ios::binary) << text; }
  static std::vector<std::string> commands(const Plan& p) {
    std::vector<std::string> result;
    for (const Missing& missing : p.missing()) result.push_back(missing.command);
    return result;
  }
  static Path sweep_file(const std::string& name) { return Path(WINNOW_SOURCE_DIR) / "sweeps" / name; }
};

TEST_F(OnAnEmptyMachine, ExperimentsAndStagesAreThoseOfAMachineThatHasAll) {
  Catalogue full = Catalogue::built_in({});
  for (const auto& [name, dataset] : full.datasets) full.fingerprints[name] = "f";
  for (const auto& [name, model] : full.models) full.fingerprints[name] = "f";
  for (auto& [name, sets] : full.labels)
    for (auto& [set, found] : sets) found.fingerprint = "l";
  int sweeps = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(WINNOW_SOURCE_DIR) / "sweeps")) {
    if (entry.path().extension() != ".toml" || entry.path().string().find("/presets/") != std::string::npos) continue;
    SCOPED_TRACE(entry.path().string());
    Plan empty = Plan::read(entry.path(), catalogue_, {}, Absent::leave_open), all = Plan::read(entry.path(), full);
    EXPECT_EQ(empty.experiments(), all.experiments());
    ASSERT_EQ(empty.nodes().size(), all.nodes().size());
    EXPECT_FALSE(empty.missing().empty());
    EXPECT_TRUE(all.missing().empty());
    std::set<Identity> known;
    for (const Node& node : all.nodes()) known.insert(node.identity);
    for (std::size_t i = 0; i < empty.nodes().size(); ++i) {
      EXPECT_TRUE(empty.nodes()[i].open);
      EXPECT_FALSE(all.nodes()[i].open);
      EXPECT_EQ(empty.nodes()[i].label, all.nodes()[i].label);
      EXPECT_FALSE(known.count(empty.nodes()[i].identity));
    }
    ++sweeps;
  }
  EXPECT_GE(sweeps, 10);
}

TEST_F(OnAnEmptyMachine, TableOneIsPlannedOnAnEmptyMachine) {
  Plan p = Plan::read(sweep_file("partialclip/table-1.toml"), catalogue_, {}, Absent::leave_open);
  EXPECT_EQ(p.experiments(), 56u);
  for (const std::string& command : commands(p)) EXPECT_THAT(command, HasSubstr(" --root FOLDER"));
}

TEST_F(OnAnEmptyMachine, EachThingIsNamedOnceWithItsCommandAndWhoAsksForIt) {
  Plan p = sketch(R"(name = "s"
[base]
dataset = "cifar-10"
model = "clip-vit-b-16"
[[grid]]
method = ["cc", "proden"]
labels = [{ kind = "instance-candidates", rate = 0.1, scores = "teacher" }]
template = ["llm", "a {}."]
seed = [0, 1]
[[grid]]
method = ["cc"]
dataset = ["plcifar10-vaguest"]
)");
  EXPECT_THAT(
      commands(p),
      ElementsAre("winnow data check cifar-10 --root FOLDER", "winnow data scores teacher FILE --dataset cifar-10",
                  "winnow data templates llm FILE --dataset cifar-10", "winnow model check clip-vit-b-16 --root FOLDER",
                  "winnow data check plcifar10-vaguest --root FOLDER",
                  "winnow data check plcifar10-vaguest --root FOLDER"));
  EXPECT_EQ(p.missing()[0].where, "s.toml:3");
  EXPECT_EQ(p.missing()[1].where, "s.toml:7");
  EXPECT_THAT(p.missing()[5].what, HasSubstr("the labels 'vaguest' of plcifar10-vaguest"));
  EXPECT_THAT(p.missing()[5].first, HasSubstr("convert-labels"));
}

TEST_F(OnAnEmptyMachine, ToRunIsRefusedInOneLineWithAllOfIt) {
  std::string said = refusal("[base]\ndataset = \"cifar-10\"\nmodel = \"clip-vit-b-16\"\nmethod = \"cc\"\n");
  EXPECT_EQ(said,
            "s.toml:2: no fingerprint of cifar-10 on this machine: run `winnow data check cifar-10 --root FOLDER` "
            "once; s.toml:3: no weights of clip-vit-b-16 on this "
            "machine: download https://huggingface.co/openai/clip-vit-base-patch16 and run `winnow model check "
            "clip-vit-b-16 --root FOLDER` once");
}

// What has all that it needs keeps its identity, whatever else the sweep lacks; what needs an open stage is open, too.
TEST_F(OnAnEmptyMachine, OnlyWhatDependsOnItIsOpen) {
  catalogue_.fingerprints["fashion-mnist"] = "0123456789abcdef0123456789abcdef";
  std::string known = "method = \"cc\"\nmodel = \"nano-clip\"\ndataset = \"fashion-mnist\"\n";
  Identity identity = plan("[base]\n" + known).nodes()[1].identity;
  Plan p = sketch(
      "[base]\nmethod = \"cc\"\n[[grid]]\nmodel = [\"nano-clip\"]\ndataset = [\"fashion-mnist\", \"cifar-10\"]\n"
      "[[grid]]\nmodel = [\"clip-vit-b-16\"]\ndataset = [\"fashion-mnist\"]\n"
      "labels = [{ kind = \"instance-candidates\", rate = 0.5, scorer = { model = \"nano-clip\" } }]\n");
  std::vector<std::pair<std::string, bool>> nodes;
  for (const Node& node : p.nodes()) nodes.emplace_back(node.label, node.open);
  EXPECT_EQ(nodes, (std::vector<std::pair<std::string, bool>>{
                       {"backbone", false}, {"train", false}, {"train", true}, {"score", false}, {"train", true}}));
  EXPECT_EQ(p.nodes()[1].identity, identity);
  EXPECT_THAT(commands(p), ElementsAre("winnow data check cifar-10 --root FOLDER",
                                       "winnow model check clip-vit-b-16 --root FOLDER"));
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) EXPECT_EQ(p.stage(i).open(), p.nodes()[i].open);
}

TEST_F(OnAnEmptyMachine, AStageAfterAnOpenOneIsOpen) {
  catalogue_.fingerprints["fashion-mnist"] = "0123456789abcdef0123456789abcdef";
  Plan p = sketch(
      "[base]\nmethod = \"cc\"\nmodel = \"nano-clip\"\ndataset = \"fashion-mnist\"\n"
      "labels = { kind = \"flip\", rate = 0.5, keep_fraction = 0.5, scores = \"teacher\" }\n");
  std::vector<std::pair<std::string, bool>> nodes;
  for (const Node& node : p.nodes()) nodes.emplace_back(node.label, node.open);
  EXPECT_EQ(nodes, (std::vector<std::pair<std::string, bool>>{
                       {"backbone", false}, {"score", true}, {"narrow", true}, {"train", true}}));
  EXPECT_THROW(p.stage(3).identity(), InternalError);
  EXPECT_THROW(stage_from_json(to_json(p.stage(3))), UsageError) << "no trainer takes it";
}

TEST_F(OnAnEmptyMachine, NamesThatCanBeNothingAreRefusedAllTheSame) {
  plan_file(
      "[base]\ndataset = \"cifar-10n\"\nmodel = \"clip-vit-b-16\"\nmethod = \"ce\"\nlabels = { kind = \"annotated\", "
      "set = \"wurst\" }\n");
  try {
    Plan::read("s.toml", catalogue_, {}, Absent::leave_open);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("(did you mean 'worst'?); known: aggregate, random-1, random-2, random-3, worst"));
  }
  EXPECT_THAT(commands(sketch("[base]\ndataset = \"cifar-10n\"\nmodel = \"clip-vit-b-16\"\nmethod = \"ce\"\nlabels = { "
                              "kind = \"annotated\", set = \"worst\" }\n")),
              ElementsAre("winnow data check cifar-10n --root FOLDER", "winnow data check cifar-10n --root FOLDER",
                          "winnow model check clip-vit-b-16 --root FOLDER"));
}

}  // namespace
}  // namespace winnow::sweep
