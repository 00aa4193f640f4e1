#include "alike.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "small_plan.h"

namespace winnow::cmd {
namespace {

// Settings without seeds, kind, what it needs and gives: what all that are alike must have in common.
std::string essence(const Stage& stage) {
  std::string text(to_string(stage.kind));
  for (const auto& [key, value] : stage.settings.all())
    if (key != "seed" && !key.ends_with(".seed") && !key.ends_with("_seed")) text += "\n" + key + "=" + value.dump();
  for (const auto& [name, print] : stage.fingerprints) text += "\n" + name + " " + print;
  for (const auto& [name, input] : stage.inputs) text += "\nneeds " + name;
  for (Output output : stage.outputs) text += "\ngives " + std::to_string(static_cast<int>(output));
  return text;
}

// How many groups there are, in each of which all stages are alike.
std::size_t groups_of(const sweep::Plan& plan) {
  const Alike alike(plan);
  std::map<std::uint32_t, std::string> essences;
  for (std::uint32_t node = 0; node < plan.nodes().size(); ++node) {
    auto [entry, fresh] = essences.try_emplace(alike.of(node), essence(plan.stage(node)));
    EXPECT_EQ(entry->second, essence(plan.stage(node))) << "node " << node;
  }
  return essences.size();
}

TEST(Alike, AreStagesThatDifferInSeeds) {
  Folder folder;
  const sweep::Plan plan = small_plan(
      folder,
      "method = [\"cc\", \"proden\"]\nlabels = [{ kind = \"flip\", rate = 0.1 }, { kind = \"flip\", rate = 0.7 "
      "}]\nseed = [0, 1, 2, 3, 4]\n");
  EXPECT_EQ(plan.nodes().size(), 21u);
  EXPECT_EQ(groups_of(plan), 5u) << "the backbone, and two methods under two rates";
}

TEST(Alike, AreNotThoseOfOtherTablesWidthsAndOverrides) {
  Folder folder;
  const sweep::Plan plan = small_plan(folder, R"(method = "detect-train"
labels = { kind = "symmetric", rate = 0.4 }
train = [{ epochs = 1 }, { epochs = 2 }]
detect = [{ method = "gmm", train = { epochs = 1 } }, { method = "small-loss", train = { epochs = 1 } }]
seed = [0, 1]
[[override]]
when = { seed = 1, "detect.method" = "gmm" }
set = { train = { batch = 32 }, width = 2 }
)");
  std::set<std::uint32_t> widths;
  for (const sweep::Node& node : plan.nodes()) widths.insert(node.width);
  EXPECT_EQ(widths.size(), 2u);
  EXPECT_GT(groups_of(plan), 6u);
}

}  // namespace
}  // namespace winnow::cmd
