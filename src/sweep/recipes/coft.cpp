// `coft`: two models learn dual prompts on the zero-shot labels that are most certain (table `p1`), each labels all
// images and the other one says which labels are clean; then two fresh models learn those, and their predictions are
// averaged. CoFT+ repeats the first phase on labels of its own. docs/methods/unsupervised.md#3.7 and #4.1.
#include <array>
#include <optional>

#include "recipes.h"

namespace winnow::sweep {

namespace {

using Pair = std::array<std::size_t, 2>;

class CoFT {
 public:
  explicit CoFT(const Experiment& experiment)
      : experiment_(experiment), settings_(experiment.settings), models_(settings_.integer("models")) {}

  std::vector<Draft> all() {
    Pair scores = first_phase();
    Pair clean = exchange(scores);
    Pair final{};
    for (std::size_t m = 0; m < count(); ++m) final[m] = add_second(m, clean, scores[m]);
    std::optional<std::size_t> texts;
    if (settings_.flag("text_member")) texts = add_text_member();
    add_ensemble(drafts_, experiment_, members(final), members(scores), "probabilities", texts);
    return std::move(drafts_);
  }

 private:
  std::size_t count() const { return static_cast<std::size_t>(models_); }
  std::size_t other(std::size_t m) const { return models_ == 1 ? m : 1 - m; }
  std::vector<std::size_t> members(const Pair& pair) const { return {pair.begin(), pair.begin() + models_}; }

  // The models of the last round.
  Pair first_phase() {
    std::size_t zero_shot = add_zero_shot_scores(drafts_, experiment_, "p1");
    Pair models{zero_shot, zero_shot};
    bool plus = settings_.has("rounds"), crossed = plus && settings_.flag("cross_select");
    std::int64_t rounds = plus ? settings_.integer("rounds") : 1;
    for (std::int64_t round = 1; round <= rounds; ++round) {
      Pair selected{}, before = models;
      for (std::size_t m = 0; m < count(); ++m)
        selected[m] = m == 1 && before[0] == before[1]
                          ? selected[0]
                          : add_selection(drafts_, experiment_, before[crossed ? other(m) : m], round);
      for (std::size_t m = 0; m < count(); ++m) models[m] = add_first(m, selected[m], round);
    }
    return models;
  }

  std::size_t add_first(std::size_t m, std::size_t selection, std::int64_t round) {
    Draft train = draft_of(experiment_, "p1", StageKind::train);
    train.stage.version = experiment_.catalogue.methods.at(train.stage.settings.text("method")).version;
    train = trained_on(std::move(train), selection, {static_cast<std::int64_t>(m) + 1, round});
    // It has no head; what starts the second phase's is no word for it, and makes no other stage of it.
    if (train.stage.settings.text("head_init") == "prompts") train.stage.settings.set("head_init", "random");
    train.stage.settings.set("train.batches", "selected");
    train.stage.outputs = {Output::metrics, Output::scores, Output::predictions};
    add_backbone(drafts_, train, train.stage.settings.text("model"), experiment_.catalogue);
    drafts_.push_back(std::move(train));
    return drafts_.size() - 1;
  }

  Pair exchange(const Pair& scores) {
    std::string validation = settings_.text("validation");
    Pair clean{};
    for (std::size_t m = 0; m < count(); ++m) {
      Draft filter = draft_of(experiment_, "", StageKind::cross_filter);
      filter.label = "cross-filter";
      filter.stage.outputs = {Output::metrics, Output::selection};
      keep_settings(filter, {"dataset"}, /*labels=*/false);
      take_labelled_shots(filter, experiment_);
      filter.stage.settings.set("both_clean", validation == "both");
      filter.edges["labelling"] = {scores[m], Output::scores};
      filter.edges["judging"] = {scores[validation == "own" ? m : other(m)], Output::scores};
      drafts_.push_back(std::move(filter));
      clean[m] = drafts_.size() - 1;
    }
    return clean;
  }

  std::size_t add_second(std::size_t m, const Pair& clean, std::size_t first) {
    std::size_t of = settings_.text("train_on") == "other" ? other(m) : m;
    Draft train = trained_on(own_training(experiment_), clean[of], {static_cast<std::int64_t>(m) + 1, 1});
    train.label = "p2";
    if (settings_.text("batches") == "selected") train.stage.settings.set("train.batches", "selected");
    train.stage.outputs = {Output::metrics, Output::predictions};
    if (settings_.flag("keep_vpt")) hand_on(train, first, "visual_prompts", Output::weights);
    if (settings_.text("head_init") == "prompts") hand_on(train, first, "head_texts", Output::features);
    add_backbone(drafts_, train, train.stage.settings.text("model"), experiment_.catalogue);
    drafts_.push_back(std::move(train));
    return drafts_.size() - 1;
  }

  void hand_on(Draft& train, std::size_t first, const char* input, Output output) {
    drafts_[first].stage.outputs.insert(output);
    train.edges[input] = {first, output};
  }

  std::size_t add_text_member() {
    Draft evaluate = zero_shot_evaluation(drafts_, experiment_);
    evaluate.stage.outputs = {Output::metrics, Output::predictions};
    drafts_.push_back(std::move(evaluate));
    return drafts_.size() - 1;
  }

  const Experiment& experiment_;
  const Settings& settings_;
  std::int64_t models_;
  std::vector<Draft> drafts_;
};

}  // namespace

std::vector<Draft> coft_recipe(Experiment experiment) { return CoFT(experiment).all(); }

}  // namespace winnow::sweep
