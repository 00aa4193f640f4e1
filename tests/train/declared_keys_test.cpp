// A method reads exactly the keys that its preset declares, and has the preset's result version: shown by running it with
// settings that record what is read.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "winnow/method/registry.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/train/execute.h"

namespace winnow::train {
namespace {

// Two epochs of two steps on six samples of three classes.
Replay replay() {
  Replay result;
  at::Tensor x = at::linspace(-1, 1, 24, at::kDouble).view({6, 4});
  result.tensors = {{"A", at::linspace(0.5, -0.3, 8, at::kDouble).view({2, 4})},
                    {"W", at::linspace(-0.7, 0.9, 6, at::kDouble).view({3, 2})},
                    {"x_w", x},
                    {"x_s", x.flip(1)},
                    {"given", at::tensor({0, 1, 2, 0, 1, 2}, at::kLong)},
                    {"order", at::tensor({0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0}, at::kLong).view({2, 2, 3})}};
  result.views = {{"plain", "x_w"}, {"weak", "x_w"}, {"strong", "x_s"}};
  return result;
}

Stage stage_of(const sweep::Method& method, const sweep::Catalogue& catalogue) {
  Stage stage;
  stage.version = method.version;
  for (const sweep::Key& key : catalogue.common)
    if (key.fallback) stage.settings.set(key.key, *key.fallback);
  for (const sweep::Key& key : method.keys) stage.settings.set(key.key, *key.fallback == "=labels.rate" ? Value(0.5) : *key.fallback);
  for (auto [key, value] : std::map<std::string, Value>{
           {"method", method.name}, {"dataset", "replay"}, {"model", "toy"}, {"classes", 3}, {"train.epochs", 2}, {"train.batch", 3}, {"train.precision", "fp64"}})
    stage.settings.set(key, value);
  return stage;
}

TEST(DeclaredKeys, AreWhatTheMethodReads) {
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({});
  Replay recorded = replay();
  auto alone = comm::alone();
  Observer quiet;
  for (const auto& [name, method] : catalogue.methods) {
    if (method.recipe != "train") continue;         // the stages of other recipes: ReadsExactlyItsSettings
    EXPECT_EQ(method::find_method(name).version, method.version) << name;
    Stage stage = stage_of(method, catalogue);
    Context context;
    context.replay = &recorded;
    execute(stage, context, *alone, quiet);
    std::set<std::string> read = stage.settings.read(), declared;
    for (const sweep::Key& key : method.keys) {
      declared.insert(key.key);
      EXPECT_TRUE(read.count(key.key)) << name << " declares " << key.key << " and never reads it";
    }
    std::set<std::string> known = declared;
    for (const sweep::Key& key : catalogue.common) known.insert(key.key);
    known.insert("classes");                        // of the recorded run
    for (const std::string& key : read) EXPECT_TRUE(known.count(key)) << name << " reads " << key << ", which nothing declares";
  }
}

TEST(DeclaredKeys, EveryMethodHasAPresetOrServesAnotherStageKind) {
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({});
  for (const method::Entry& entry : method::registry())
    EXPECT_TRUE(std::set<std::string>({"contrastive", "zero-shot"}).count(entry.name) || catalogue.methods.count(entry.name)) << entry.name;
}

}  // namespace
}  // namespace winnow::train
