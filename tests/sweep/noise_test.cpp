// Kinds of noisy labels, as a sweep asks for them.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using testing::HasSubstr;
using testing::Not;

class Noise : public SweepTest {
 protected:
  Noise() {
    Catalogue all = Catalogue::built_in({});
    Dataset set = catalogue_.datasets.at("fashion-mnist");
    for (auto [name, classes] : {std::pair{"cifar-100", 100}, {"cifar-10", 10}}) {
      Dataset other = all.datasets.at(name);
      other.classes = classes;
      other.train = set.train, other.test = set.test;
      catalogue_.datasets[name] = other;
      catalogue_.fingerprints[name] = std::string(32, 'a');
    }
    for (Key& key : catalogue_.common)
      if (key.key == "dataset") key.words = {"fashion-mnist", "cifar-10", "cifar-100"};
  }
  static std::string labels(const std::string& rest, const std::string& dataset = "fashion-mnist") {
    return "[base]\ndataset = \"" + dataset + "\"\nmodel = \"nano-clip\"\nmethod = \"ce\"\nlabels = { rate = 0.4, " +
           rest + " }\n";
  }
  Stage stage(const std::string& text) const {
    Plan p = plan(text);
    return p.stage(p.cell_node(0));
  }
};

// Keys that came later are in no identity while they have their defaults.
TEST_F(Noise, SymmetricIsWhatItWas) {
  std::string canonical = stage(labels("kind = \"symmetric\"")).canonical();
  EXPECT_THAT(canonical, HasSubstr(R"("labels.kind":"symmetric","labels.rate":0.4)"));
  for (const char* key : {"labels.count", "labels.target"}) EXPECT_THAT(canonical, Not(HasSubstr(key)));
  EXPECT_THAT(stage(labels("kind = \"symmetric\", count = \"ceil\"")).canonical(),
              HasSubstr(R"("labels.count":"ceil")"));
}

TEST_F(Noise, EveryKindHasItsKeysAlone) {
  auto keys = [&](const std::string& rest, const std::string& dataset = "fashion-mnist") {
    std::set<std::string> found;
    Stage made = stage(labels(rest, dataset));
    for (const auto& [key, value] : made.settings.all())
      if (key.starts_with("labels.")) found.insert(key.substr(7));
    return found;
  };
  using Keys = std::set<std::string>;
  EXPECT_EQ(keys("kind = \"pairflip\""), (Keys{"kind", "rate", "seed"}));
  EXPECT_EQ(keys("kind = \"structured\""), (Keys{"kind", "rate", "seed", "target"}));
  EXPECT_EQ(keys("kind = \"instance\""), (Keys{"kind", "rate", "seed", "pixels", "sigma"}));
  EXPECT_EQ(keys("kind = \"asymmetric\"", "cifar-10"), (Keys{"kind", "rate", "seed", "count", "map"}));
  EXPECT_EQ(keys("kind = \"asymmetric\"", "cifar-100"), (Keys{"kind", "rate", "seed", "block", "count", "map"}));
  EXPECT_EQ(keys("kind = \"asymmetric\", map = \"superclass\"", "cifar-100"),
            (Keys{"kind", "rate", "seed", "count", "map", "superclasses"}));
}

TEST_F(Noise, DataSetsHaveTheirMaps) {
  EXPECT_EQ(stage(labels("kind = \"asymmetric\"", "cifar-10")).settings.text("labels.map"), "cifar10");
  EXPECT_EQ(stage(labels("kind = \"asymmetric\"", "cifar-100")).settings.text("labels.map"), "blocks");
  std::vector<double> groups =
      stage(labels("kind = \"asymmetric\", map = \"superclass\"", "cifar-100")).settings.reals("labels.superclasses");
  std::map<double, int> sizes;
  for (double group : groups) ++sizes[group];
  EXPECT_EQ(sizes.size(), 20u);
  for (auto [group, size] : sizes) EXPECT_EQ(size, 5) << group;
}

TEST_F(Noise, WhatCannotBeIsRefused) {
  EXPECT_THAT(
      refusal(labels("kind = \"asymmetric\"")),
      HasSubstr("s.toml: labels.map is not set, needed where labels.kind = asymmetric: expected one of cifar10,"));
  EXPECT_THAT(refusal(labels("kind = \"asymmetric\", map = \"cifar10\"", "cifar-100")),
              HasSubstr("s.toml:5: labels.map = cifar10 is a map of classes 0..9, the data set has classes 0..99"));
  EXPECT_THAT(
      refusal(labels("kind = \"asymmetric\", map = \"blocks\", block = 3")),
      HasSubstr("s.toml:5: labels.map = blocks: the data set's 10 classes are no multiple of labels.block = 3"));
  EXPECT_THAT(refusal(labels("kind = \"asymmetric\", map = \"superclass\"")),
              HasSubstr("s.toml:5: labels.map = superclass: the data set has no super-classes"));
  EXPECT_THAT(refusal(labels("kind = \"asymmetric\", map = \"superclass\", superclasses = [0, 1]")),
              HasSubstr("labels.superclasses are those of 2 classes, the data set has 10"));
  EXPECT_THAT(refusal(labels("kind = \"asymmetric\", map = \"cifar\"")), HasSubstr("did you mean 'cifar10'?"));
  EXPECT_THAT(refusal(labels("kind = \"symmetric\", balanced = true, count = \"ceil\"")),
              HasSubstr("s.toml:5: labels.count = ceil: labels.balanced says"));
  EXPECT_THAT(refusal(labels("kind = \"symmetric\", target = \"next\"")), HasSubstr("symmetric: uniform, class-size"));
  EXPECT_THAT(refusal(labels("kind = \"instance\", sigma = 2.0")), HasSubstr("expected a number in [0, 1], got 2"));
  EXPECT_THAT(refusal(labels("kind = \"instance\"", "fashion-mnist"), {"labels.rate=1.5"}),
              HasSubstr("labels.rate: expected a number in [0, 1], got 1.5"));
  EXPECT_THAT(refusal(labels("kind = \"pairflip\"") + "[[grid]]\nlabels.sigma = [0.1, 0.2]\n"),
              HasSubstr("labels.sigma = 0.1 cannot be an axis here: it exists only where labels.kind = instance"));
}

}  // namespace
}  // namespace winnow::sweep
