// SigLIP's two features: the attention pool's, and the first token where it is read as if it were a CLIP. Numbers of
// the first against the library: golden cases of kind model.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "winnow/model/classifier_architecture.h"
#include "winnow/model/image_tower.h"

namespace winnow::model {
namespace {

Snapshot golden(const std::string& name) {
  return read_snapshot(Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots" / name);
}
at::Tensor images() { return at::linspace(-1, 1, 2 * 3 * 32 * 32).sin().view({2, 3, 32, 32}); }

TEST(Siglip, ReadAsClipItsFeatureIsTheFirstNormedToken) {
  Snapshot snapshot = golden("siglip");
  ImageOutputs all = image_tower(snapshot, {})->encode(images());
  auto feature = [&](const Snapshot& of, FeatureKind kind) {
    return image_tower(of, {at::kFloat, kind})->rows(images()).features();
  };
  EXPECT_TRUE(at::allclose(feature(snapshot, FeatureKind::first_token), all.last_hidden.select(1, 0), 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(feature(snapshot, FeatureKind::hidden), all.hidden, 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose(all.hidden, all.last_hidden.select(1, 0), 1e-2, 1e-2));
  Snapshot unpooled = golden("siglip");
  for (auto& [name, tensor] : unpooled.tensors)
    if (name.starts_with("vision_model.head.")) tensor = at::zeros_like(tensor);
  EXPECT_TRUE(at::equal(feature(unpooled, FeatureKind::first_token), feature(snapshot, FeatureKind::first_token)))
      << "the pool is unused";
}

TEST(Siglip, ReadAsClipKeepsItUnderEveryAdaptation) {
  Snapshot snapshot = golden("siglip");
  at::Tensor want = image_tower(snapshot, {})->encode(images()).last_hidden.select(1, 0);
  for (const char* adapt : {"linear-probe", "adaptformer", "lora", "full-tuning"}) {
    ClassifierOptions options;
    options.adapt = adapt;
    options.adaptation.classes = 10;
    options.siglip_as_clip = true;
    EXPECT_TRUE(at::allclose(
        classifier_architecture(snapshot, options)->tower("main", TowerKind::image)->rows(images()).features(), want,
        1e-5, 1e-6))
        << adapt;
    EXPECT_TRUE(at::allclose(bare_tower(snapshot, options)->rows(images()).features(), want, 1e-5, 1e-6)) << adapt;
  }
}

}  // namespace
}  // namespace winnow::model
