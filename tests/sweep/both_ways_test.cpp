// Every method and recipe, with random axes over whatever keys its experiments have: the fast way to make many
// experiments and the plain one agree. The plain one is a sweep of that experiment alone, every setting written out. A
// recipe or a check that looks at a key which planning takes for free would give the rows of that axis the stages of
// the first one.
#include <fmt/format.h>

#include <optional>
#include <random>

#include "fixture.h"

namespace winnow::sweep {
namespace {

class BothWays : public SweepTest {
 protected:
  BothWays() {
    catalogue_ = whole_catalogue();
    catalogue_.fingerprints["scores/teacher"] = "e";
    catalogue_.fingerprints["templates/fashion-mnist/llm"] = "d";
    catalogue_.labels["fashion-mnist"] = {
        {"worst", {"a", false, 0.4}}, {"vaguest", {"b", true, 0.1}}, {"plain", {"c", false, 0.2}}};
  }

  const Key* declaration(const std::string& method, const std::string& name) const {
    for (const Key& key : catalogue_.methods.at(method).keys)
      if (key.key == name) return &key;
    for (const Key& key : catalogue_.common)
      if (key.key == name) return &key;
    return nullptr;
  }

  template <class T>
  T any(const std::vector<T>& of) {
    return of[std::uniform_int_distribution<std::size_t>(0, of.size() - 1)(engine_)];
  }

  Value value(const Key& key) {
    auto in = [&](double x) { return std::max(key.min.value_or(x), std::min(key.max.value_or(x), x)); };
    std::string last = key.key.substr(key.key.rfind('.') + 1);
    if (key.key == "p1.model" || key.key == "teacher.model" || key.key == "text.model")
      return any<Value>({"nano-clip", "clip-vit-b-16"});  // of texts
    if (last == "model") return any<Value>({"nano-clip", "clip-vit-b-16", "in21k-vit-b-16", "wide-resnet-10-1"});
    if (last == "template" || last == "prompt") return any<Value>({"a {}.", "two {}s", "clip-cifar", "llm", "plain"});
    if (key.key == "labels.set") return any<Value>({"worst", "vaguest", "plain"});
    if (key.key == "labels.scores") return any<Value>({"zero-shot", "teacher", "trained"});
    switch (key.type) {
      case Declaration::Type::flag: return any<Value>({true, false});
      case Declaration::Type::text: return key.words.empty() ? Value("x") : Value(any(key.words));
      case Declaration::Type::integer: return static_cast<std::int64_t>(in(any<double>({0, 1, 2, 3})));
      case Declaration::Type::real: return in(any<double>({0.25, 0.5, 1}));
      case Declaration::Type::reals: return any<Value>({Value::array({0.9, 0.999}), Value::array({0.0, 0.5})});
    }
    return Value();
  }

  std::mt19937 engine_{20};
};

TEST_F(BothWays, AgreeForEveryMethodAndEveryKindOfLabels) {
  const std::vector<std::string> kinds = {R"({ kind = "clean" })",
                                          R"({ kind = "flip", rate = 0.5 })",
                                          R"({ kind = "uniform" })",
                                          R"({ kind = "instance-candidates", rate = 0.5 })",
                                          R"({ kind = "symmetric", rate = 0.4 })",
                                          R"({ kind = "annotated", set = "worst" })",
                                          R"({ kind = "annotated", set = "vaguest" })"};
  const std::vector<std::string> looked_at = {"model",
                                              "template",
                                              "prompt",
                                              "detect.prompt",
                                              "labels.scores",
                                              "labels.keep_fraction",
                                              "labels.scorer.template",
                                              "labels.scorer.model",
                                              "data.long_tail",
                                              "data.validation",
                                              "train.batch",
                                              "detect.model",
                                              "head_init",
                                              "p1.model",
                                              "teacher.model",
                                              "teacher.prompt",
                                              "text.model",
                                              "source.dataset",
                                              "source.shots",
                                              "warm_start",
                                              "held_out",
                                              "labelled_shots",
                                              "rounds",
                                              "members",
                                              "models",
                                              "cross_select",
                                              "train_on",
                                              "k",
                                              "data.shots",
                                              "data.balance",
                                              "partial",
                                              "full_tuning"};
  std::map<std::string, int> compared;
  // Half of the draws, or all without labels, are of keys that recipes and checks look at, in turn. One that makes no
  // plan has a few more tries, without the others that were drawn beside it.
  std::map<std::string, std::size_t> turns, tries;
  constexpr std::size_t kTries = 4;
  std::set<std::string> drawn;
  bool has_it = false;  // the last method drawn from has `wanted`
  auto compare = [&](const std::string& method, const std::string& kind, int round, const std::string& wanted) {
    has_it = false;
    const auto& preset = catalogue_.methods.at(method);
    std::string detect;
    for (const auto& [stage, methods] : preset.stages)
      detect += fmt::format("{}.method = \"{}\"\n", stage, methods[static_cast<std::size_t>(round) % methods.size()]);
    std::string base = "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"" +
                       value(*declaration(method, "model")).get<std::string>() + "\"\nmethod = \"" + method + "\"\n" +
                       (preset.labels == LabelNeed::none ? "" : "labels = " + kind + "\n") +
                       (preset.needs_a(Need::validation) ? "data.validation = 0.5\n" : "") + detect;
    if (refusal(base) != "accepted") return;  // labels that the method does not learn from
    std::vector<std::string> keys;
    Settings first = plan(base).settings(0);
    for (const auto& [key, one] : first.all())
      if (key != "method" && key != "dataset" && key != "labels.kind" && key != "profile" && key != "width" &&
          key != "data.shot_list" && key != "labelled_phases")  // no list here; unsupervised_test
        keys.push_back(key);
    std::vector<std::string> there;
    for (const std::string& key : looked_at)
      if (first.has(key)) there.push_back(key);
    if (!wanted.empty() && std::find(there.begin(), there.end(), wanted) == there.end()) return;
    has_it = true;
    std::string grid = "[[grid]]\n";
    std::set<std::string> axes;
    std::size_t &turn = turns[method + detect], &tried = tries[method + detect];
    bool in_turn = wanted.empty() && (preset.labels == LabelNeed::none || any<int>({0, 1}));
    for (int n = 0; n < (!wanted.empty() || (in_turn && tried > 0) ? 1 : 3); ++n) {
      std::string key = !wanted.empty() ? wanted : n == 0 && in_turn ? there[turn % there.size()] : any(keys);
      bool base_has_it = key == "model" || key == "labels.set" || key == "labels.rate" || key.ends_with(".method");
      if (!axes.insert(key).second || (base_has_it && key != "model")) continue;
      Value a = value(*declaration(method, key)), b = value(*declaration(method, key));
      grid += "\"" + key + "\" = [" + a.dump() + (a == b ? "" : ", " + b.dump()) + "]\n";
    }
    std::optional<Plan> made;
    try {
      made.emplace(plan(base + grid));
    } catch (const UsageError&) {  // equal experiments, a batch of none
      if (in_turn && ++tried == kTries) ++turn, tried = 0;
      return;
    }
    if (in_turn) ++turn, tried = 0;
    SCOPED_TRACE(base + grid);
    const Plan& p = *made;
    for (std::size_t i = 0; i < p.experiments(); ++i) {
      std::string alone = "name = \"s\"\n[base]\n";
      Settings settings = p.settings(i);
      for (const auto& [key, one] : settings.all())
        alone += "\"" + key + "\" = " + one.dump() + "\n", drawn.insert(axes.count(key) ? key : "");
      Plan single = plan(alone);
      ASSERT_EQ(single.nodes()[single.cell_node(0)].identity, p.nodes()[p.cell_node(i)].identity) << alone;
      ++compared[method];
    }
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i) ASSERT_EQ(p.stage(i).identity(), p.nodes()[i].identity);
  };
  for (const auto& [method, preset] : catalogue_.methods)
    for (const std::string& kind : kinds)
      for (int round = preset.recipe == "train" ? 6 : preset.labels == LabelNeed::none ? 8 : 60; round > 0; --round)
        compare(method, kind, round, "");
  // Keys whose turn did not come, of the first method that can have them as an axis.
  for (const std::string& key : looked_at)
    for (const auto& [method, preset] : catalogue_.methods)
      for (const std::string& kind : kinds)
        for (int round = 1; round <= 12 && !drawn.count(key); ++round) {
          if (round > 1 && !has_it && preset.stages.empty()) break;  // rounds take methods of its stages in turn
          compare(method, kind, round, key);
        }
  // The draws must be worth something.
  for (const auto& [method, preset] : catalogue_.methods)
    if (method != "file") {  // whose mask no draw knows
      EXPECT_GT(compared[method], 4) << method;
    }
  for (const std::string& key : looked_at) EXPECT_TRUE(drawn.count(key)) << key << " was never an axis";
}

// A recipe that branches on a key which nobody listed: each row of its axis has its own stages. Before reads were
// recorded, all had the first one's.
TEST_F(BothWays, AnAxisThatARecipeLooksAtIsNotFree) {
  std::string text = "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\nmethod = \"cc\"\n";
  Plan p = plan(
      text +
      "labels = { kind = \"flip\", rate = 0.5 }\n[[grid]]\n\"labels.keep_fraction\" = [1.0, 0.5]\nseed = [0, 1]\n");
  std::vector<std::string> labels;
  for (const Node& node : p.nodes()) labels.emplace_back(node.label);
  EXPECT_EQ(labels,
            (std::vector<std::string>{"backbone", "train", "train", "score", "narrow", "train", "narrow", "train"}));
  p = plan(
      text +
      "[[grid]]\nlabels = [{ kind = \"annotated\", set = \"vaguest\" }, { kind = \"annotated\", set = \"worst\" }]\n");
  EXPECT_EQ(p.stage(p.cell_node(0)).fingerprints.at("labels"), "b");
  EXPECT_EQ(p.stage(p.cell_node(1)).fingerprints.at("labels"), "a");
}

}  // namespace
}  // namespace winnow::sweep
