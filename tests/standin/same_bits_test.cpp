// Whole stages on the stand-in have the CPU's bits: their results' digests, parameters, first gradients and everything
// logged. So a tensor that was left on the host, or came from it late, would show. The stages are generated from what
// the catalogue declares, so that a new method, adaptation, head, view, optimiser, schedule, precision or family joins
// by itself.
#include "../train/graph.h"
#include "standin.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/untrained_tower.h"

namespace winnow::train {
namespace {

class SameBits : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    Context on_cpu = context();
    on_cpu.device = at::kCPU;
    store::write_run_file(folder_ / "backbone.h5", execute(pretrain(), on_cpu, *alone_, quiet_).content);
  }

  // The declared values of a key of every experiment.
  std::vector<std::string> words(const std::string& key) const {
    for (const sweep::Key& declared : catalogue_.common)
      if (declared.key == key) return declared.words;
    ADD_FAILURE() << "no key " << key;
    return {};
  }

  Stage small(const std::string& method) {
    Stage stage = train(method);
    set(stage, {{"data.samples", 24}, {"data.test_samples", 10}, {"train.batch", 10}});
    if (catalogue_.methods.at(method).labels == sweep::LabelNeed::given) stage.settings.set("labels.kind", "symmetric");
    if (stage.settings.has("warmup_epochs"))  // the second epoch does all that the method ever does
      stage.settings.set("warmup_epochs", stage.settings.at("warmup_epochs").is_number_float() ? Value(0.0) : Value(0));
    stage.outputs.insert(Output::weights);
    return stage;
  }
  static void set(Stage& stage, const std::map<std::string, Value>& values) {
    for (const auto& [key, value] : values) stage.settings.set(key, value);
  }
  static bool lower(const std::string& precision) { return precision == "bf16" || precision == "fp16"; }
  static const std::string& turn(const std::vector<std::string>& words, std::size_t i) {
    return words[i % words.size()];
  }

  static double largest_difference(const at::Tensor& a, const at::Tensor& b) {
    return a.numel() == 0 ? 0 : (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
  }

  void compare(const Stage& stage, Context context) {
    SCOPED_TRACE(stage.settings.text(stage.settings.has("method") ? "method" : "dataset") + " " + shown_);
    context.device = at::kCPU;
    Execution here = execute(stage, context, *alone_, quiet_);
    context.device = standin::device();
    Execution there = execute(stage, context, *alone_, quiet_);
    // Autocast puts other operations into fp32 on CUDA than on the CPU.
    bool autocast = stage.settings.has("train.precision") && lower(stage.settings.text("train.precision"));
    double tolerance = autocast ? 0.05 : 0;
    if (!autocast) EXPECT_EQ(here.content.result_digest().hex(), there.content.result_digest().hex());
    auto expect_equal = [&](const char* what, const auto& all, const auto& others) {
      ASSERT_EQ(all.size(), others.size()) << what;
      for (const auto& [name, tensor] : all)
        EXPECT_LE(largest_difference(tensor, others.at(name)), tolerance) << what << " " << name;
    };
    expect_equal("logged", here.trace.logged, there.trace.logged);
    expect_equal("parameter", here.trace.parameters, there.trace.parameters);
    expect_equal("predictions", here.trace.predictions, there.trace.predictions);
    if (!autocast) expect_equal("first gradients of", here.trace.first_gradients, there.trace.first_gradients);
    ++compared_;
  }
  void compare(const Stage& stage) { compare(stage, context()); }
  Context with_backbone(const Path& folder) {
    Context result = context();
    result.inputs["backbone"] = folder;
    return result;
  }

  std::string shown_;
  int compared_ = 0;
};

TEST_F(SameBits, OfEveryMethod) {
  std::vector<std::string> optimisers = words("train.optimizer"), schedules = words("train.schedule");
  std::size_t i = 0;
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.recipe != "train") continue;  // OfEveryKindOfStage
    Stage stage = small(name);
    const char* profile = i % 2 ? "reference" : "intended";
    Value warmup = stage.settings.has("warmup_epochs") ? stage.settings.at("warmup_epochs") : Value();
    set_own_of_profile(stage.settings, method, profile);
    if (!warmup.is_null()) stage.settings.set("warmup_epochs", warmup);
    set(stage, {{"train.optimizer", turn(optimisers, i)},
                {"train.schedule", turn(schedules, i / optimisers.size())},
                {"train.precision", i % 3 ? "fp32" : "fp64"},
                {"train.lr", 0.001}});
    shown_ = fmt::format("{} {} {}", profile, turn(optimisers, i), turn(schedules, i / optimisers.size()));
    compare(stage);
    ++i;
  }
  EXPECT_GE(compared_, 17);
}

TEST_F(SameBits, OfEveryAdaptationAndHead) {
  std::vector<std::string> heads = words("head"), inits = words("head_init"), precisions = words("train.precision");
  std::erase(precisions, "tf32");  // a GPU's alone
  std::erase(inits, "detector");   // a second stage's, which has the head of the first
  std::size_t i = 0;
  for (const std::string& adapt : words("adapt")) {
    if (adapt == "bn-tuning") continue;  // OfEveryFamily: a transformer has no BatchNorm
    Stage stage = small("ce");
    set(stage, {{"adapt", adapt},
                {"implementation", adapt == "ssf" ? "deft" : "partialclip"},
                {"head", turn(heads, i)},
                {"head_init", turn(inits, i / 2)},
                {"train.precision", turn(precisions, i)},
                {"labels.kind", "clean"},
                {"data.samples", 60}});
    if (turn(precisions, i) == "fp16-pure") stage.settings.set("train.optimizer", "sgd");
    shown_ = fmt::format("{} {} {} {}", adapt, turn(heads, i), turn(inits, i / 2), turn(precisions, i));
    compare(stage);
    ++i;
  }
}

// Nothing casts by lists there, which differ between devices: fp16 has the same bits, too.
TEST_F(SameBits, OfPureFp16) {
  for (const std::string& adapt : words("adapt")) {
    if (adapt == "bn-tuning") continue;
    Stage stage = small("ce");
    set(stage, {{"adapt", adapt},
                {"implementation", adapt == "ssf" ? "deft" : "partialclip"},
                {"train.precision", "fp16-pure"},
                {"train.optimizer", "sgd"},
                {"train.momentum", 0.9}});
    shown_ = adapt + " fp16-pure";
    compare(stage);
  }
  for (const char* method : {"coop", "dual-prompts", "elr"}) {
    Stage stage = small(method);
    set(stage, {{"train.precision", "fp16-pure"}, {"train.optimizer", "sgd"}});
    shown_ = "fp16-pure";
    compare(stage);
  }
}

TEST_F(SameBits, OfEveryView) {
  std::vector<std::string> pipelines = words("views.weak"), ensembles = words("views.ensemble"),
                           normalisations = words("views.normalisation");
  std::vector<std::string> of_training;
  for (const std::string& name : pipelines)
    if (name.find("-crop") == std::string::npos || name == "flip-crop") of_training.push_back(name);
  for (std::size_t i = 0; i < of_training.size(); i += 2) {
    Stage stage = small("crdpll");
    const std::string &weak = of_training[i], &strong = turn(of_training, i + 1);
    if (weak == "model" || strong == "model") continue;  // OfEveryFamily
    set(stage, {{"views.weak", weak},
                {"views.strong", strong},
                {"views.ensemble", turn(ensembles, i / 2)},
                {"views.ensemble_expand", 4},
                {"views.ensemble_times", 2},
                {"views.normalisation", turn(normalisations, i / 2)}});
    shown_ = fmt::format("{} {} {}", weak, strong, turn(ensembles, i / 2));
    compare(stage);
  }
}

TEST_F(SameBits, OfEveryFamily) {
  std::size_t i = 0;
  Path snapshots = Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots";
  for (const auto& entry : std::filesystem::directory_iterator(snapshots)) {
    std::string name = entry.path().filename().string();
    if (!std::filesystem::exists(entry.path() / "preprocessor_config.json")) continue;  // weights of a module alone
    Stage stage = small("cc");
    // A 1 x 1 convolution of stride 2 with so few channels ends oneDNN in the backward (docs/devices.md#5).
    bool frozen = name.starts_with("resnet") || i % 2;
    set(stage, {{"adapt", frozen ? "linear-probe" : "full-tuning"}, {"head_init", "random"}});
    shown_ = fmt::format("{} {}", name, stage.settings.text("adapt"));
    compare(stage, with_backbone(entry.path()));
    ++i;
  }
  for (bool batch : {false, true}) {
    Path folder = folder_ / (batch ? "wrn-batch" : "wrn");
    model::write_snapshot(folder, model::untrained_tower({{"model_type", "wide_resnet"},
                                                          {"depth", 10},
                                                          {"widen_factor", 1},
                                                          {"image_size", 12},
                                                          {"dropout", batch ? 0.3 : 0.0}},
                                                         7));
    Stage stage = small("proden");
    set(stage, {{"adapt", batch ? "full-tuning" : "bn-tuning"},
                {"batch_norm", batch ? "batch" : "stored"},
                {"head", "linear"},
                {"head_init", "random"}});
    shown_ = fmt::format("wide resnet, {}", stage.settings.text("adapt"));
    compare(stage, with_backbone(folder));
  }
}

TEST_F(SameBits, OfChunks) {
  Context context = this->context();
  context.chunk = 3;
  shown_ = "in chunks";
  compare(small("pico"), context);
}

TEST_F(SameBits, OfEveryKindOfStage) {
  shown_ = "pretrain";
  compare(pretrain());

  Stage score;
  score.kind = StageKind::score;
  score.settings = Settings(std::map<std::string, Value>{});
  Stage reference = small("cc");
  for (const auto& [key, value] : reference.settings.all())
    if (key.starts_with("data.") || key == "dataset" || key == "template" || key == "model")
      score.settings.set(key, value);
  score.version = catalogue_.kind_versions.at(StageKind::score);
  score.fingerprints["data"] = "f";
  score.outputs = {Output::metrics, Output::scores};
  shown_ = "score";
  compare(score);
}

// Of every method whose recipe does more than train: score, select, embed, cross-filter, ensemble and evaluate stages,
// and training on what they hand over.
class SameBitsOfRecipes : public Graph {};

TEST_F(SameBitsOfRecipes, OfEveryStage) {
  for (const std::string& name : graph_methods()) {
    SCOPED_TRACE(name);
    std::string text = small(catalogue_.methods.at(name));
    std::vector<Done> here = graph(text, at::kCPU), there = graph(text, standin::device());
    ASSERT_EQ(here.size(), there.size());
    for (std::size_t i = 0; i < here.size(); ++i)
      EXPECT_EQ(here[i].content().result_digest().hex(), there[i].content().result_digest().hex())
          << to_string(here[i].stage.kind);
  }
}

}  // namespace
}  // namespace winnow::train
