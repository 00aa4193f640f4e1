// `distillation`: a student learns what a teacher (table `teacher`) says of images without labels: a fixed model, or
// one with prompts that learned the labels of another data set (PromptKD). docs/methods/unsupervised.md#6.8.
#include "recipes.h"

namespace winnow::sweep {

namespace {

constexpr const char* kNoKey = "source";  // an origin that varies with none of the experiment's keys

class TrainedTeacher {
 public:
  TrainedTeacher(std::vector<Draft>& drafts, const Experiment& experiment)
      : drafts_(drafts), experiment_(experiment), source_(experiment.settings.text("source.dataset")) {}

  // The stage that scores the experiment's training samples; before it the teacher's own, on the source.
  std::size_t add() {
    std::size_t texts = add_text_features(drafts_, experiment_, "teacher", "teacher.prompt");
    on_source(drafts_[texts]);
    Draft train = draft_of(experiment_, "teacher", StageKind::train), score = train;
    erase_setting(train, "prompt");
    train.stage.version = experiment_.catalogue.method(train.stage.settings.text("method")).version;
    train.stage.outputs = {Output::metrics, Output::weights};
    train.edges["texts"] = {texts, Output::features};
    on_source(train);
    take(train, "data.shots", "source.shots");
    train.stage.settings.set("labels.kind", "clean");
    train.origin["labels.kind"] = kNoKey;
    train.stage.defaulted.insert("labels.kind");
    std::size_t teacher = add_with_backbone(std::move(train));

    score.label = "score";
    score.stage.kind = StageKind::score;
    score.stage.outputs = {Output::metrics, Output::scores, Output::features};
    keep_settings(score,
                  {"dataset",
                   "model",
                   "method",
                   "adapt",
                   "implementation",
                   "adapter_dim",
                   "vpt_len",
                   "vpt_depth",
                   "mask_ratio",
                   "lora_init",
                   "partial",
                   "full_tuning",
                   "batch_norm",
                   "head",
                   "scale",
                   "context_length",
                   "context_of",
                   "context_words",
                   "context_depth",
                   "name_place",
                   "period",
                   "views.test",
                   "views.test_normalisation",
                   "train.precision"},
                  /*labels=*/false);
    take(score, "seed", "source.seed");
    score.edges["trained"] = {teacher, Output::weights};
    return add_with_backbone(std::move(score));
  }

 private:
  std::size_t add_with_backbone(Draft draft) {
    add_backbone(drafts_, draft, draft.stage.settings.text("model"), experiment_.catalogue);
    drafts_.push_back(std::move(draft));
    return drafts_.size() - 1;
  }

  void take(Draft& draft, const std::string& name, const std::string& key) const {
    draft.stage.settings.set(name, experiment_.settings.at(key));
    draft.origin[name] = key;
    draft.stage.defaulted.erase(name);
  }

  // Of the source all samples that the model has not seen, whatever the experiment takes of its own data set.
  void on_source(Draft& draft) const {
    const Catalogue& catalogue = experiment_.catalogue;
    for (const Key& key : catalogue.common) {
      if (!key.key.starts_with("data.") || !draft.stage.settings.has(key.key)) continue;
      bool refers = key.fallback->is_string() && key.fallback->get<std::string>().starts_with("=");
      draft.stage.settings.set(key.key, refers ? Value(0) : *key.fallback);
      draft.stage.defaulted.insert(key.key);
      draft.origin[key.key] = kNoKey;
    }
    const Model& model = catalogue.models.at(draft.stage.settings.text("model"));
    if (auto seen = model.datasets.find(source_); seen != model.datasets.end())
      for (const auto& [key, value] : seen->second) {
        draft.stage.settings.set(key, value);
        draft.stage.defaulted.erase(key);
      }
    take(draft, "dataset", "source.dataset");
    if (draft.stage.settings.has("seed")) take(draft, "seed", "source.seed");
    draft.stage.fingerprints["data"] = catalogue.fingerprints.at(source_);
  }

  std::vector<Draft>& drafts_;
  const Experiment& experiment_;
  std::string source_;
};

std::size_t add_fixed_teacher(std::vector<Draft>& drafts, const Experiment& experiment) {
  std::size_t teacher = add_zero_shot_scores(drafts, experiment, "teacher");
  drafts[teacher].stage.outputs.insert(Output::features);
  return teacher;
}

}  // namespace

std::vector<Draft> distillation_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  bool fixed = experiment.settings.text("teacher.method") == "zero-shot";
  std::size_t teacher = fixed ? add_fixed_teacher(drafts, experiment) : TrainedTeacher(drafts, experiment).add();
  Draft train = own_training(experiment);
  train.edges["teacher"] = {teacher, Output::scores};
  train.edges["texts"] = {teacher, Output::features};
  add_backbone(drafts, train, train.stage.settings.text("model"), experiment.catalogue);
  drafts.push_back(std::move(train));
  return drafts;
}

}  // namespace winnow::sweep
