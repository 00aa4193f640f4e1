// Stages generated from what the catalogue declares, so that a new method, adaptation, head, view, optimiser, schedule,
// precision or family joins every test of the device by itself. Two epochs of a few steps; of the second all that a
// method ever does.
#pragma once

#include <set>

#include "../train/miniature.h"
#include "../train/other_values.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/untrained_tower.h"

namespace winnow::train {

class GeneratedStages : public Miniature {
 protected:
  struct Generated {
    std::string shown;
    Stage stage;
    Path backbone;  // empty: the miniature's
  };

  void SetUp() override {
    Miniature::SetUp();
    Context on_cpu = context();
    on_cpu.device = at::kCPU;
    store::write_run_file(folder_ / "backbone.h5", execute(pretrain(), on_cpu, *alone_, quiet_).content);
  }

  Context context_of(const Generated& generated) {
    Context result = context();
    if (!generated.backbone.empty()) result.inputs["backbone"] = generated.backbone;
    return result;
  }

  // The declared values of a key of every experiment.
  std::vector<std::string> words(const std::string& key) const {
    for (const sweep::Key& declared : catalogue_.common)
      if (declared.key == key) return declared.words;
    ADD_FAILURE() << "no key " << key;
    return {};
  }
  // Of pipelines those that make one image of one.
  static std::vector<std::string> one_image(std::vector<std::string> pipelines) {
    std::erase_if(pipelines, [](const std::string& name) { return name == "five-crop" || name == "ten-crop"; });
    return pipelines;
  }
  // nano-clip says of images what they become, not how; a stage that shows the model's own preprocessing has another.
  static Generated with_preprocessing(Generated generated) {
    bool own = false;
    for (const auto& [key, value] : generated.stage.settings.all())
      own = own || (key.starts_with("views.") && !key.ends_with("normalisation") && value == "model");
    if (!own) return generated;
    generated.backbone = Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots/timm-vit-in21k";
    set(generated.stage, {{"adapt", "linear-probe"}, {"head_init", "random"}});
    return generated;
  }
  static void set(Stage& stage, const std::map<std::string, Value>& values) {
    for (const auto& [key, value] : values) stage.settings.set(key, value);
  }
  static const std::string& turn(const std::vector<std::string>& words, std::size_t i) {
    return words[i % words.size()];
  }

  Stage small(const std::string& method) {
    Stage stage = train(method);
    set(stage, {{"data.samples", 24}, {"data.test_samples", 10}, {"train.batch", 10}});
    if (catalogue_.methods.at(method).labels == sweep::LabelNeed::given) stage.settings.set("labels.kind", "symmetric");
    if (stage.settings.has("warmup_epochs"))
      stage.settings.set("warmup_epochs", stage.settings.at("warmup_epochs").is_number_float() ? Value(0.0) : Value(0));
    stage.outputs.insert(Output::weights);
    return stage;
  }

  // Profiles, optimisers, schedules and fp64 by turns.
  std::vector<Generated> every_method() {
    std::vector<std::string> optimisers = words("train.optimizer"), schedules = words("train.schedule");
    std::vector<Generated> all;
    for (const auto& [name, method] : catalogue_.methods) {
      if (method.recipe != "train") continue;  // those of graphs are tests/train/graph.h's
      std::size_t i = all.size();
      Stage stage = small(name);
      const char* profile = i % 2 ? "reference" : "intended";
      Value warmup = stage.settings.has("warmup_epochs") ? stage.settings.at("warmup_epochs") : Value();
      set_own_of_profile(stage.settings, method, profile);
      if (!warmup.is_null()) stage.settings.set("warmup_epochs", warmup);
      const std::string &optimiser = turn(optimisers, i), &schedule = turn(schedules, i / optimisers.size());
      set(stage, {{"train.optimizer", optimiser},
                  {"train.schedule", schedule},
                  {"train.precision", i % 3 ? "fp32" : "fp64"},
                  {"train.lr", 0.001}});
      all.push_back({fmt::format("{} {} {} {}", name, profile, optimiser, schedule), stage, {}});
    }
    return all;
  }

  // Each value of the words and flags that methods declare which is not the default.
  std::vector<Generated> every_value_of_methods() {
    std::vector<Generated> all;
    for (const auto& [name, method] : catalogue_.methods) {
      if (method.recipe != "train") continue;
      for (const OtherValue& other : other_values(method)) {
        Stage stage = small(name);
        set(stage, other.needs);
        stage.settings.set(other.key->key, other.value);
        for (const sweep::Key& key : method.keys)  // that exist beside it
          if (!key.when.empty() && exists(key, stage.settings) && !stage.settings.has(key.key))
            set_default(stage.settings, method, key, stage.settings.real("labels.rate"));
        all.push_back({name + ", " + other.shown(), stage, {}});
      }
    }
    return all;
  }

  // Heads, their starts and precisions by turns.
  std::vector<Generated> every_adaptation_and_head() {
    std::vector<std::string> heads = words("head"), inits = words("head_init"), precisions = words("train.precision");
    std::erase(precisions, "tf32");  // a GPU's alone
    std::erase(inits, "detector");   // a second stage's, which has the head of the first
    std::erase(inits, "prompts");    // a second phase's, which has the prompt of the first
    std::vector<Generated> all;
    for (const std::string& adapt : words("adapt")) {
      if (adapt == "bn-tuning") continue;  // every_family(): a transformer has no BatchNorm
      std::size_t i = all.size();
      Stage stage = small("ce");
      const std::string &head = turn(heads, i), &init = turn(inits, i / 2), &precision = turn(precisions, i);
      set(stage, {{"adapt", adapt},
                  {"implementation", adapt == "ssf" ? "deft" : "partialclip"},
                  {"head", head},
                  {"head_init", init},
                  {"train.precision", precision},
                  {"labels.kind", "clean"},
                  {"data.samples", 60}});
      if (precision == "fp16-pure") stage.settings.set("train.optimizer", "sgd");
      all.push_back({fmt::format("{} {} {} {}", adapt, head, init, precision), stage, {}});
    }
    return all;
  }

  std::vector<Generated> every_precision() {
    std::vector<std::string> precisions = words("train.precision"), optimisers = words("train.optimizer");
    std::erase(precisions, "tf32");
    std::vector<Generated> all;
    for (const std::string& precision : precisions)
      for (const std::string& optimiser : optimisers) {
        if (precision == "fp16-pure" && optimiser != "sgd") continue;
        Stage stage = small("cc");
        set(stage, {{"train.precision", precision}, {"train.optimizer", optimiser}, {"train.lr", 0.001}});
        all.push_back({precision + " " + optimiser, stage, {}});
      }
    return all;
  }

  // Nothing casts by lists there, which differ between devices: fp16 has the same bits, too.
  std::vector<Generated> every_adaptation_in_pure_fp16() {
    std::vector<Generated> all;
    for (const std::string& adapt : words("adapt")) {
      if (adapt == "bn-tuning") continue;
      Stage stage = small("ce");
      set(stage, {{"adapt", adapt},
                  {"implementation", adapt == "ssf" ? "deft" : "partialclip"},
                  {"train.precision", "fp16-pure"},
                  {"train.optimizer", "sgd"},
                  {"train.momentum", 0.9}});
      all.push_back({adapt + " fp16-pure", stage, {}});
    }
    for (const char* method : {"coop", "dual-prompts", "elr"}) {
      Stage stage = small(method);
      set(stage, {{"train.precision", "fp16-pure"}, {"train.optimizer", "sgd"}});
      all.push_back({fmt::format("{} fp16-pure", method), stage, {}});
    }
    return all;
  }

  std::vector<Generated> every_view() {
    std::vector<std::string> pipelines = words("views.weak"), ensembles = words("views.ensemble"),
                             normalisations = words("views.normalisation");
    std::vector<std::string> of_training = one_image(pipelines), of_test = one_image(words("views.test"));
    std::vector<Generated> all;
    for (std::size_t i = 0; i < of_training.size(); i += 2) {
      Stage stage = small("crdpll");
      const std::string &weak = of_training[i], &strong = turn(of_training, i + 1), &ensemble = turn(ensembles, i / 2);
      set(stage, {{"views.weak", weak},
                  {"views.strong", strong},
                  {"views.test", turn(of_test, i + 2)},
                  {"views.ensemble", ensemble},
                  {"views.ensemble_expand", 4},
                  {"views.ensemble_times", 2},
                  {"views.normalisation", turn(normalisations, i / 2)}});
      all.push_back(with_preprocessing({fmt::format("{} {} {}", weak, strong, ensemble), stage, {}}));
    }
    for (const std::string& test : of_test) {  // an ensemble takes its place
      Stage stage = small("ce");
      set(stage, {{"views.test", test}, {"views.test_normalisation", turn(normalisations, all.size())}});
      all.push_back(with_preprocessing({"tested by " + test, stage, {}}));
    }
    return all;
  }

  // A classifier's scores: every view of them, by turns in both modes.
  std::vector<Generated> every_scorer() {
    Path folder = folder_ / "classifier";
    model::write_snapshot(folder, model::untrained_tower({{"model_type", "wide_resnet"},
                                                          {"depth", 10},
                                                          {"widen_factor", 1},
                                                          {"image_size", 28},
                                                          {"num_labels", 10},
                                                          {"dropout", 0.3}},
                                                         7));
    std::vector<std::string> modes = words("labels.scorer.mode");
    const Settings settings = small("cc").settings;
    std::vector<Generated> all;
    for (const std::string& view : one_image(words("labels.scorer.view"))) {
      if (view == "model") continue;  // a wide resnet's snapshot says nothing of images: every_view() has it
      Stage stage;
      stage.kind = StageKind::score;
      for (const auto& [key, value] : settings.all())
        if (key.starts_with("data.") || key == "dataset" || key == "model" || key == "seed")
          stage.settings.set(key, value);
      const std::string& mode = turn(modes, all.size());
      set(stage, {{"scorer", "classifier"}, {"mode", mode}, {"view", view}, {"chunk", 10}});
      stage.version = catalogue_.kind_versions.at(StageKind::score);
      stage.fingerprints["data"] = "f";
      stage.outputs = {Output::metrics, Output::scores};
      all.push_back({fmt::format("scores of {}, {}", view, mode), stage, folder});
    }
    return all;
  }

  std::vector<Generated> every_family() {
    std::vector<Generated> all;
    std::set<Path> snapshots;
    for (const auto& entry :
         std::filesystem::directory_iterator(Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots"))
      if (std::filesystem::exists(entry.path() / "preprocessor_config.json"))  // others: weights of a module alone
        snapshots.insert(entry.path());
    for (const Path& snapshot : snapshots) {
      std::string name = snapshot.filename().string();
      Stage stage = small("cc");
      // A 1 x 1 convolution of stride 2 with so few channels ends oneDNN in the backward (docs/devices.md#5).
      const char* adapt = name.starts_with("resnet") || all.size() % 2 ? "linear-probe" : "full-tuning";
      set(stage, {{"adapt", adapt}, {"head_init", "random"}});
      all.push_back({fmt::format("{} {}", name, adapt), stage, snapshot});
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
      all.push_back({fmt::format("wide resnet, {}", stage.settings.text("adapt")), stage, folder});
    }
    return all;
  }
};

}  // namespace winnow::train
