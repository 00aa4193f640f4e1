// A whole stage on a SigLIP, and on one that is read as if it were a CLIP.
#include "miniature.h"

namespace winnow::train {
namespace {

class SiglipStage : public Miniature {
 protected:
  // The vendored tower, whose images are normalised like this.
  Path snapshot(const std::string& name, double mean, double deviation) {
    Path from = Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots/siglip", to = folder_ / name;
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    Value processor = {{"image_processor_type", "SiglipImageProcessor"},
                       {"image_mean", {mean, mean, mean}},
                       {"image_std", {deviation, deviation, deviation}}};
    std::filesystem::remove(to / "preprocessor_config.json");
    write_file_atomically(to / "preprocessor_config.json", processor.dump());
    return to;
  }
  // The losses of an epoch.
  std::vector<double> losses(const Path& backbone, const char* siglip, const char* normalisation = "model") {
    Stage stage = train("cc");
    stage.settings.set("head_init", "random");
    stage.settings.set("siglip", siglip);
    for (const char* key : {"views.normalisation", "views.test_normalisation"}) stage.settings.set(key, normalisation);
    stage.settings.set("train.epochs", 1);
    Context own = context();
    own.inputs["backbone"] = backbone;
    std::vector<double> result;
    Execution done = execute(stage, own, *alone_, quiet_);
    for (const at::Tensor& loss : done.trace.logged.at("loss").unbind(0)) result.push_back(loss.item<double>());
    return result;
  }
};

TEST_F(SiglipStage, ReadAsClipSeesImagesWithClipsNormalisation) {
  Path half = snapshot("half", 0.5, 0.5), other = snapshot("other", 0.1, 0.9);
  std::vector<double> as_clip = losses(half, "as-clip");
  EXPECT_EQ(losses(other, "as-clip"), as_clip) << "its own normalisation is not looked at";
  EXPECT_EQ(losses(half, "as-clip", "clip"), as_clip);
  EXPECT_NE(losses(half, "as-clip", "half"), as_clip) << "a view that names one has it";
  EXPECT_NE(losses(half, "pooled", "clip"), as_clip) << "the feature differs, too";
  EXPECT_NE(losses(half, "pooled"), losses(other, "pooled"));
}

}  // namespace
}  // namespace winnow::train
