// Sizes of a tower that is not built. Which snapshots are towers at all: naming_test, config_defaults_test.
#include "winnow/model/image_layout.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../refusal.h"
#include "tiny_clip.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/model/neck.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;

Snapshot golden(const std::string& name) {
  return read_snapshot(Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots" / name);
}

// Whoever builds this snapshot's image tower is refused.
Snapshot without_tower() {
  Snapshot snapshot = tiny_clip();
  std::erase_if(snapshot.tensors, [](const auto& tensor) { return tensor.first.starts_with("vision_model."); });
  return snapshot;
}

ClassifierOptions options(const std::string& adapt, HeadKind head) {
  ClassifierOptions options;
  options.adapt = adapt;
  options.adaptation.classes = 4;
  options.head = head;
  return options;
}

TEST(ImageLayout, IsThatOfTheTower) {
  int towers = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots")) {
    if (!entry.is_directory()) continue;
    SCOPED_TRACE(entry.path().filename().string());
    Snapshot snapshot = read_snapshot(entry.path());
    ImageLayout layout = image_layout(snapshot);
    for (FeatureKind feature : {FeatureKind::hidden, FeatureKind::embedding, FeatureKind::first_token}) {
      auto tower = image_tower(snapshot, {at::kFloat, feature});
      EXPECT_EQ(layout.columns(feature), tower->width());
      EXPECT_EQ(layout.width, tower->tower_width());
      EXPECT_EQ(layout.image_size, tower->image_size());
      EXPECT_EQ(!layout.projection.empty(), tower->projects());
    }
    ++towers;
  }
  EXPECT_GE(towers, 10);
  EXPECT_THROW(image_layout(golden("convnext")).columns(FeatureKind::logits), InternalError);
}

TEST(ImageLayout, AsksForNoWeights) {
  Snapshot snapshot = without_tower();
  ImageLayout layout = image_layout(snapshot);
  EXPECT_EQ(layout.image_size, 8);
  EXPECT_EQ(layout.blocks, 2);
  EXPECT_EQ(layout.columns(FeatureKind::embedding), 10);
}

TEST(ImageLayout, HeadsAndNecksBuildNoTower) {
  Snapshot snapshot = without_tower();
  for (const char* adapt : {"adaptformer", "linear-probe"})
    for (HeadKind head : {HeadKind::cosine, HeadKind::linear}) {
      auto architecture = classifier_architecture(snapshot, options(adapt, head));
      EXPECT_THAT(refusal([&] { architecture->tower("main", TowerKind::image); }), HasSubstr("is missing"));
      std::int64_t columns = std::string(adapt) == "linear-probe" ? 10 : 16;
      EXPECT_EQ(architecture->head("head", HeadStart::of_stage)->weights().all()[0].value.size(1), columns);
      EXPECT_EQ(architecture->head("generator_head", HeadStart::random)->weights().all()[0].value.size(1), columns);
      EXPECT_EQ(neck()(architecture->place("neck"))->width(), columns);
    }
}

TEST(ImageLayout, RowsFromTextsReadTheProjectionAlone) {
  Snapshot snapshot = without_tower();
  ClassTexts texts{at::arange(24, at::kLong).view({4, 6}).remainder(20)};
  EXPECT_EQ(text_head_rows(snapshot, ClassifierOptions{.adapt = "adaptformer"}, texts, at::kFloat).size(1), 16);
  EXPECT_EQ(text_head_rows(snapshot, ClassifierOptions{.adapt = "linear-probe"}, texts, at::kFloat).size(1), 10);
  snapshot.tensors.erase("visual_projection.weight");
  EXPECT_EQ(text_head_rows(snapshot, ClassifierOptions{.adapt = "linear-probe"}, texts, at::kFloat).size(1), 10);
  EXPECT_THAT(refusal([&] { text_head_rows(snapshot, ClassifierOptions{.adapt = "adaptformer"}, texts, at::kFloat); }),
              HasSubstr("'visual_projection.weight' is missing"));
}

}  // namespace
}  // namespace winnow::model
