// A trained model taken away: what is merged computes what the stage computed, and what cannot be is refused.
#include "winnow/train/exported_model.h"

#include <gmock/gmock.h>

#include "miniature.h"
#include "winnow/core/json_text.h"
#include "winnow/method/registry.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/normalise.h"
#include "winnow/train/run_snapshot.h"
#include "winnow/view/view.h"

namespace winnow::train {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ExportedModels : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }

  Stage kept(const std::string& method, const std::string& adapt) {
    Stage stage = train(method);
    stage.settings.set("adapt", adapt);
    stage.settings.set("train.epochs", 1);
    if (catalogue_.methods.at(method).labels != sweep::LabelNeed::candidates) {
      stage.settings.set("labels.kind", "symmetric");
    }
    stage.outputs = {Output::metrics, Output::weights, Output::predictions};
    return stage;
  }

  ExportedModel exported(const store::RunContent& content) {
    return exported_model(content, "the run", snapshot_at(folder_ / "backbone.h5"), {});
  }

  // Logits of all test images by the exported folder alone, as winnow.json says.
  at::Tensor logits_of(const Path& folder) {
    model::Snapshot snapshot = model::read_snapshot(folder);
    Value facts = parse_json(read_file(folder / "winnow.json"), "winnow.json");
    bool projected = facts["head"]["feature"].get<std::string>().starts_with("model.visual_projection");
    auto tower = model::image_tower(
        snapshot, {at::kFloat, projected ? model::FeatureKind::embedding : model::FeatureKind::hidden});
    auto [pixels, labels] = images(20);
    at::Tensor rows = at::tensor(at::ArrayRef<std::uint8_t>(pixels), at::kByte).view({20, 28, 28, 1});
    view::Normalisation normalisation{facts["images"]["mean"], facts["images"]["std"]};
    at::Tensor features = tower->rows(view::normalise(rows, normalisation, at::kFloat)).features();
    SafeTensors head(folder / "head.safetensors");
    auto take = [&](const char* name) {
      const SafeTensor& entry = head.at(name);
      return at::from_blob(const_cast<std::byte*>(entry.bytes.data()), entry.shape, at::kFloat).clone();
    };
    std::string kind = facts["head"]["kind"];
    if (kind == "linear") return at::linear(features, take("weight"), take("bias"));
    at::Tensor unit = model::normalise_rows(take("weight"));
    if (kind == "l2normed") return at::matmul(features, unit.t());
    if (kind == "layernormed") return at::matmul(at::layer_norm(features, {features.size(1)}, {}, {}, 1e-12), unit.t());
    return facts["head"]["scale"].get<double>() * at::matmul(model::normalise_rows(features), unit.t());
  }

  // The largest difference between what the stage predicted and what the exported folder does.
  double difference(const Stage& stage) {
    store::RunContent content = run(stage).content;
    Path folder = folder_ / "exported";
    std::filesystem::remove_all(folder);
    write_exported(folder, exported(content));
    const store::Array& predicted = content.arrays.at("predictions/logits");
    at::Tensor own = at::from_blob(const_cast<std::byte*>(predicted.bytes.data()),
                                   {static_cast<std::int64_t>(predicted.shape[0]), 10}, at::kFloat);
    return (own - logits_of(folder)).abs().max().item<double>();
  }
};

TEST_F(ExportedModels, ComputeWhatTheStageComputed) {
  for (const char* adapt :
       {"linear-probe", "lora", "ssf-attn", "ssf-mlp", "ssf-ln", "mask", "bias-tuning", "ln-tuning", "full-tuning"}) {
    Stage stage = kept("ce", adapt);
    stage.settings.set("train.lr", 0.01);  // so that what is trained is far from where it began
    EXPECT_LT(difference(stage), 2e-4) << adapt;
  }
  for (const char* head : {"linear", "l2normed", "layernormed"}) {
    Stage stage = kept("ce", "lora");
    stage.settings.set("head", head);
    if (std::string(head) == "linear") stage.settings.set("head_init", "random");
    EXPECT_LT(difference(stage), 2e-4) << head;
  }
  Stage last = kept("ce", "lora");
  last.settings.set("partial", 2);
  EXPECT_LT(difference(last), 2e-4) << "in the last two blocks alone";
}

// What a method's class says of its predictions is so.
TEST_F(ExportedModels, AreOfMethodsThatPredictByTheirHead) {
  int compared = 0;
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.recipe != "train" || method.program || method.runs_twice() || !method.needs.empty()) continue;
    if (!method::make_method(name)->predicts_by_head()) continue;
    EXPECT_LT(difference(kept(name, "linear-probe")), 2e-4) << name;
    ++compared;
  }
  EXPECT_GT(compared, 10);
}

TEST_F(ExportedModels, ThatNoLibraryHasAreRefusedWithTheWayOut) {
  auto refused = [&](const Stage& stage) {
    store::RunContent content = run(stage).content;
    return winnow::refusal([&] { exported(content); });
  };
  for (const char* adapt : {"adaptformer", "adapter", "vpt-deep", "vpt-shallow"})
    EXPECT_THAT(refused(kept("ce", adapt)),
                AllOf(HasSubstr(std::string("adapt = ") + adapt), HasSubstr("--weights-alone"), Not(HasSubstr("\n"))));
  EXPECT_THAT(refused(kept("records", "linear-probe")),
              HasSubstr("records predicts by more than an adapted image tower and a head"));
  Stage bare = kept("ce", "lora");
  bare.outputs.erase(Output::weights);
  EXPECT_THAT(refused(bare), HasSubstr("keeps no weights: `winnow run SWEEP --set keep_weights=true`"));

  store::RunContent content = run(kept("ce", "adaptformer")).content;
  write_exported(folder_ / "alone", exported_weights(content, "the run"));
  EXPECT_TRUE(SafeTensors(folder_ / "alone/weights.safetensors").tensors().count("adaptformer_list.0.scale"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "alone/config.json"));
}

TEST_F(ExportedModels, AreWrittenWholeOrNotAtAll) {
  store::RunContent content = run(kept("ce", "linear-probe")).content;
  ExportedModel model = exported(content);
  make_folders(folder_ / "empty");
  write_exported(folder_ / "empty", model);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "empty/model.safetensors"));
  EXPECT_THAT(winnow::refusal([&] { write_exported(folder_ / "empty", model); }), HasSubstr("is there already"));
  EXPECT_THAT(winnow::refusal([&] { write_exported(folder_ / "cache", model); }), HasSubstr("is there already"));
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / ""))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("part"))) << "nothing is left";
}

}  // namespace
}  // namespace winnow::train
