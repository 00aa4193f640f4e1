// A method reads exactly the keys that its preset declares: shown by running it with settings that record what is read.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "../method/recorded.h"
#include "winnow/method/registry.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/train/execute.h"

namespace winnow::train {
namespace {

TEST(DeclaredKeys, AreWhatTheMethodReads) {
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({});
  Replay recorded = method::recorded_run(6, 3, 3, 2);
  auto alone = comm::alone();
  Observer quiet;
  std::map<std::string, sweep::Method> methods = catalogue.methods;
  methods.insert(catalogue.parts.begin(), catalogue.parts.end());
  // The stage reads them and its views, for images and texts that a recorded run has none of.
  const std::set<std::string> of_texts = {"context_length", "context_of",    "name_place",    "period",
                                          "steps",          "context_words", "context_depth", "visual_length"};
  for (const auto& [name, own] : methods) {
    if (own.recipe != "train" && own.inputs.empty()) continue;  // all of it is its recipe: ReadsExactlyItsSettings
    Stage stage = method::recorded_stage(own, catalogue, recorded);
    Context context;
    context.replay = &recorded;
    execute(stage, context, *alone, quiet);
    const std::set<std::string> read = stage.settings.read();
    std::set<std::string> declared;
    for (const sweep::Key& key : own.keys) {
      bool of_earlier = std::any_of(own.stages.begin(), own.stages.end(),
                                    [&](const auto& stage) { return key.key.starts_with(stage.first + "."); });
      if (of_earlier) {
        declared.insert(key.key);  // of another stage
        continue;
      }
      if (key.of_recipe) {
        EXPECT_FALSE(read.count(key.key)) << name << " reads " << key.key << ", which is for its recipe";
        continue;
      }
      declared.insert(key.key);
      if (of_texts.count(key.key) || key.key.starts_with("views.")) continue;
      if (exists(key, stage.settings))
        EXPECT_TRUE(read.count(key.key)) << name << " declares " << key.key << " and never reads it";
      else EXPECT_FALSE(read.count(key.key)) << name << " reads " << key.key << " where it does not exist";
    }
    std::set<std::string> known = declared;
    for (const sweep::Key& key : catalogue.common) known.insert(key.key);
    known.insert("classes");  // of the recorded run
    for (const std::string& key : read)
      EXPECT_TRUE(known.count(key)) << name << " reads " << key << ", which nothing declares";
  }
}

TEST(DeclaredKeys, EveryMethodHasAPresetOrServesAnotherStageKind) {
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({});
  for (const method::Entry& entry : method::registry())
    EXPECT_TRUE(std::set<std::string>({"contrastive", "zero-shot"}).count(entry.name) ||
                catalogue.methods.count(entry.name) || catalogue.parts.count(entry.name))
        << entry.name;
}

}  // namespace
}  // namespace winnow::train
