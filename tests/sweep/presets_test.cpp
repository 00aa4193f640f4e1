// The presets that this program ships are consistent: what they set is declared and legal, and every method can be
// planned.
#include <gmock/gmock.h>

#include <set>

#include "../../src/sweep/check_presets.h"
#include "fixture.h"
#include "winnow/data/dataset.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;

class Presets : public SweepTest {
 protected:
  Presets() { catalogue_ = Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}}); }

  // Legal as a setting of the sweep, for this method.
  void expect_legal(const Assignments& values, const std::vector<Key>& own, const std::string& source) {
    for (const auto& [name, value] : values) {
      std::vector<Key> keys = catalogue_.common;
      keys.insert(keys.end(), own.begin(), own.end());
      auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.key == name; });
      ASSERT_NE(found, keys.end()) << source << ": " << name;
      EXPECT_NE(name, "method") << source;  // presets are chosen by these four, so they cannot set them
      EXPECT_NE(name, "dataset") << source;
      EXPECT_NE(name, "model") << source;
      EXPECT_NE(name, "profile") << source;
      bool reference = value.is_string() && value.get<std::string>().rfind('=', 0) == 0;
      if (!reference) {
        EXPECT_NO_THROW(found->check(value)) << source << ": " << name;
      }
    }
  }
};

TEST_F(Presets, SetOnlyWhatIsDeclared) {
  for (const auto& [name, model] : catalogue_.models) {
    expect_legal(model.settings, {}, model.source);
    for (const Conditional& recipe : model.recipes) {  // one for a method may set that method's keys
      auto method = recipe.when.find("method");
      expect_legal(recipe.set,
                   method == recipe.when.end() ? std::vector<Key>{} : catalogue_.methods.at(method->second).keys,
                   model.source);
    }
  }
  for (const auto& [name, dataset] : catalogue_.datasets) expect_legal(dataset.settings, {}, dataset.source);
  for (const auto& [name, method] : catalogue_.methods) {
    for (const auto& [profile, values] : method.profiles) expect_legal(values, method.keys, method.source);
    for (const auto& [dataset, values] : method.datasets) {
      EXPECT_TRUE(catalogue_.datasets.count(dataset)) << method.source;
      expect_legal(values, method.keys, method.source);
    }
  }
}

// What a method cannot do without.
std::string needs(const Method& method) {
  std::string text = method.labels == LabelNeed::given ? "\nlabels = { kind = \"symmetric\", rate = 0.4 }" : "";
  if (method.needs_a(Need::validation)) text += "\ndata.validation = 0.1";
  for (const auto& [stage, methods] : method.stages) text += "\n" + stage + ".method = \"" + methods.front() + "\"";
  return text;
}

// What no experiment can have would never be said.
TEST_F(Presets, DepartWhereAKeyHasAValueThatItCanHave) {
  Catalogue catalogue = Catalogue::built_in({});
  auto refused = [&](const Assignments& when) {
    catalogue.methods.at("lafter").departures.at(0).when = when;
    try {
      check_presets(catalogue);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused({{"descriptions", ""}}), "accepted");
  EXPECT_THAT(refused({{"description", ""}}), HasSubstr("unknown key 'description' (did you mean 'descriptions'?)"));
  EXPECT_THAT(refused({{"descriptions", 1}}), HasSubstr("lafter.toml"));
}

// A case of what no experiment can have, or that sets what there is not, is refused with its place.
TEST_F(Presets, CasesAreOfKeysAndValuesThatExist) {
  Catalogue catalogue = Catalogue::built_in({});
  auto refused = [&](const std::map<std::string, std::vector<Value>>& when, const Assignments& set) {
    catalogue.methods.at("coop").cases.at(0) = {when, set};
    try {
      check_presets(catalogue);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused({{"data.shots", {2, 4}}}, {{"train.epochs", 100}}), "accepted");
  EXPECT_THAT(refused({{"data.shot", {2}}}, {{"train.epochs", 100}}),
              HasSubstr("unknown key 'data.shot' (did you mean 'data.shots'?)"));
  EXPECT_THAT(refused({{"data.shots", {2, -1}}}, {{"train.epochs", 100}}), HasSubstr("coop.toml"));
  EXPECT_THAT(refused({{"data.shots", {2}}}, {{"train.epoch", 100}}), HasSubstr("did you mean 'train.epochs'?"));
  EXPECT_THAT(refused({{"data.shots", {2}}}, {{"train.epochs", "many"}}), HasSubstr("coop.toml"));
  EXPECT_THAT(refused({{"profile", {"reference"}}}, {{"train.epochs", 1}}), HasSubstr("only a sweep can"));
  EXPECT_THAT(refused({{"data.shots", {}}}, {{"train.epochs", 1}}), HasSubstr("the case would never hold"));
  EXPECT_THAT(refused({}, {{"train.epochs", 1}}), HasSubstr("when names no key"));
}

TEST_F(Presets, EveryMethodCanBePlannedInEveryProfile) {
  for (const auto& [name, method] : catalogue_.methods)
    for (const char* profile : {"intended", "reference"}) {
      if (name == "file") continue;  // needs a mask that this machine knows: noisy_data_test
      EXPECT_EQ(refusal(sweep("method = \"" + name + "\"\nprofile = \"" + profile + "\"" + needs(method))), "accepted")
          << name;
    }
}

TEST_F(Presets, EveryKeySaysWhatItIsFor) {
  for (const auto& [name, method] : catalogue_.methods)
    for (const Key& key : method.keys) EXPECT_FALSE(key.help.empty()) << method.source << ": " << key.key;
}

// Every data set of the three specifications; what each preset says is what its layout knows.
TEST_F(Presets, DataSetsHaveManifests) {
  for (const auto& [name, preset] : catalogue_.datasets) {
    data::Manifest manifest = data::Manifest::from_preset(name, preset.content, preset.source);
    EXPECT_FALSE(manifest.roots.empty()) << name;
    EXPECT_FALSE(manifest.download.empty()) << name;
    EXPECT_FALSE(preset.content.value("source", "").empty()) << name;
    if (!manifest.classes.empty() && manifest.expected_classes) {
      EXPECT_EQ(static_cast<std::int64_t>(manifest.classes.size()), manifest.expected_classes) << name;
    }
    for (const auto& [key, value] : preset.content.items())
      EXPECT_TRUE((std::set<std::string>{"layout", "roots", "package", "download", "source", "classes", "files",
                                         "options", "labels", "expected", "train_labels", "corrupt", "settings",
                                         "recipes", "further_tests", "validation_split", "test_only", "prompts"}
                       .count(key)))
          << name << ": " << key;
  }
  for (const char* name : {"cifar-10",      "cifar-100",           "cifar-10n",
                           "cifar-100n",    "plcifar10-aggregate", "plcifar10-vaguest",
                           "cub-200",       "stanford-cars",       "fgvc-aircraft",
                           "stanford-dogs", "tiny-imagenet",       "clothing1m",
                           "webvision-50",  "places-lt",           "imagenet-lt",
                           "imagenet",      "caltech101",          "dtd",
                           "eurosat",       "fgvc-aircraft-coop",  "flowers102",
                           "food101",       "oxford-pets",         "stanford-cars-coop",
                           "ucf101"})
    EXPECT_TRUE(catalogue_.datasets.count(name)) << name;
}

TEST_F(Presets, TheQuickstartIsWhatItSays) {
  Plan p = Plan::read(WINNOW_SOURCE_DIR "/sweeps/quickstart.toml", catalogue_);
  EXPECT_EQ(p.name(), "quickstart");
  EXPECT_EQ(p.experiments(), 27u);
  EXPECT_EQ(p.axes(), (std::vector<std::string>{"method", "labels.kind", "labels.rate", "seed", "detect.method"}));
}

}  // namespace
}  // namespace winnow::sweep
