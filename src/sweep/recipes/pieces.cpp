// What several recipes share.
#include <fmt/format.h>

#include <algorithm>

#include "recipes.h"

namespace winnow::sweep {

namespace {

Draft pretrain_draft(const Model& model, const Fingerprints& fingerprints) {
  Draft draft{.label = "backbone", .own_settings = true};
  draft.stage.kind = StageKind::pretrain;
  draft.stage.settings = Settings(model.pretrain->settings);
  draft.stage.settings.set("model", model.name);
  draft.stage.outputs = {Output::metrics, Output::weights};
  draft.stage.fingerprints["data"] = fingerprints.at(draft.stage.settings.text("dataset"));
  return draft;
}

// The label file that the stage reads; without one the labels are the data set's own, whose fingerprint covers them.
void note_annotations(Draft& draft, const Experiment& experiment) {
  const data::LabelSet& set =
      experiment.catalogue.labels.at(experiment.settings.text("dataset")).at(experiment.settings.text("labels.set"));
  if (!set.fingerprint.empty()) draft.stage.fingerprints["labels"] = set.fingerprint;
  if (set.candidates) return;
  erase_setting(draft, "labels.keep_fraction");  // there are no sets to narrow
  erase_scorer(draft);
}

}  // namespace

Draft draft_of(const Experiment& experiment, std::string_view table, StageKind kind) {
  std::set<std::string> shared;
  for (const Key& key : experiment.catalogue.common)
    if (key.shared) shared.insert(key.key);
  std::string prefix = table.empty() ? "" : std::string(table) + ".";
  auto in_a_table = [&](const std::string& key) {
    return std::any_of(experiment.method.stages.begin(), experiment.method.stages.end(),
                       [&](const auto& stage) { return key.starts_with(stage.first + "."); });
  };
  Draft draft{.label = table.empty() ? std::string_view("train") : table};
  draft.stage.kind = kind;
  draft.stage.fingerprints["data"] = experiment.catalogue.fingerprints.at(experiment.settings.text("dataset"));
  for (const auto& [key, value] : experiment.settings.all()) {
    std::string name = key;
    if (!table.empty() && key.starts_with(prefix)) name = key.substr(prefix.size());
    else if (table.empty() ? in_a_table(key) : !shared.count(key) || experiment.settings.has(prefix + key))
      continue;  // the table's own method
    draft.stage.settings.set(name, value);
    if (name != key) draft.origin[name] = key;
    if (experiment.defaulted.count(key)) draft.stage.defaulted.insert(name);
  }
  if (experiment.settings.has("labels.kind") && experiment.settings.text("labels.kind") == "annotated")
    note_annotations(draft, experiment);
  return draft;
}

void erase_setting(Draft& draft, const std::string& key) {
  draft.stage.settings.erase(key);
  draft.stage.defaulted.erase(key);
}

void erase_scorer(Draft& draft) {
  const Settings before = draft.stage.settings;
  for (const auto& [key, value] : before.all())
    if (key == "labels.scores" || key.starts_with("labels.scorer.")) erase_setting(draft, key);
}

void keep_settings(Draft& draft, const std::set<std::string>& keys, bool labels) {
  Settings kept;
  for (const auto& [key, value] : draft.stage.settings.all())
    if (keys.count(key) || key.starts_with("data.") || (labels && key.starts_with("labels."))) kept.set(key, value);
  draft.stage.settings = kept;
  if (!labels) draft.stage.fingerprints.erase("labels");
  std::erase_if(draft.stage.defaulted, [&](const std::string& key) { return !kept.has(key); });
}

void add_backbone(std::vector<Draft>& drafts, Draft& user, const std::string& name, const Catalogue& catalogue) {
  const Model& model = catalogue.models.at(name);
  for (const auto& [key, value] : model.architecture) user.stage.settings.set("architecture." + key, value);
  if (!model.architecture.empty()) return;
  if (!model.pretrain) {
    user.stage.fingerprints["weights"] = catalogue.fingerprints.at(name);
    return;
  }
  user.edges["backbone"] = {drafts.size(), Output::weights};
  drafts.push_back(pretrain_draft(model, catalogue.fingerprints));
}

namespace {

// Features of all images of the experiment by the fixed model, the same for every seed.
Draft features_of(const Draft& user) {
  Draft embed = user;
  embed.label = "embed";
  embed.stage.kind = StageKind::embed;
  embed.stage.outputs = {Output::metrics, Output::features};
  keep_settings(embed, {"dataset", "model"}, /*labels=*/false);
  for (const auto& [key, value] :
       Assignments{{"views.weak", "plain"}, {"embed_epochs", 1}, {"embed_splits", "all"}, {"seed", 0}}) {
    embed.stage.settings.set(key, value);
    embed.origin[key] = "features";  // no key: it varies with none of the experiment's
  }
  return embed;
}

}  // namespace

void add_learner(std::vector<Draft>& drafts, Draft& user, const Method& method, const Catalogue& catalogue) {
  std::string model = user.stage.settings.text("model");
  if (!method.program) return add_backbone(drafts, user, model, catalogue);
  const MethodProgram& program = *method.program;
  if (program.takes.count("features")) {
    Draft embed = features_of(user);
    add_backbone(drafts, embed, model, catalogue);
    user.edges["features"] = {drafts.size(), Output::features};
    drafts.push_back(std::move(embed));
  }
  if (program.takes.count("weights")) add_backbone(drafts, user, model, catalogue);
  if (!program.reads.count("model")) erase_setting(user, "model");
  user.stage.fingerprints["program"] = program.fingerprint;
  for (const std::string& word : program.gives)  // a selection only where its recipe asks for one
    if (word != "selection") user.stage.outputs.insert(parse_output(word));
  if (program.takes.count("class-names")) user.stage.settings.set("class_names", true);
  if (!program.deterministic) user.stage.settings.set("deterministic", false);
}

void add_first_run(std::vector<Draft>& drafts, Draft& user, const Method& method) {
  Draft first = user;
  first.label = "first-run";
  first.stage.kind = StageKind::detect;
  first.stage.outputs = {Output::metrics, Output::labels, Output::selection};
  for (const std::string& key : method.first_run_keys) erase_setting(user, key);
  user.edges["confident"] = {drafts.size(), Output::selection};
  drafts.push_back(std::move(first));
}

namespace {

// A detector that selects by what it is given: of its settings those that decide whose labels these are.
Draft untrained_detector(Draft detect, const Experiment& experiment) {
  detect.label = "detect";
  detect.stage.kind = StageKind::detect;
  detect.stage.version = experiment.catalogue.methods.at(detect.stage.settings.text("method")).version;
  detect.stage.outputs = {Output::metrics, Output::labels, Output::selection};
  keep_settings(detect, {"dataset", "method", "seed"},
                /*labels=*/true);  // labels.seed is left out where it is the seed
  return detect;
}

}  // namespace

std::size_t add_mask(std::vector<Draft>& drafts, const Experiment& experiment, std::string_view table) {
  Draft detect = draft_of(experiment, table, StageKind::detect);
  std::string dataset = experiment.settings.text("dataset"), mask = detect.stage.settings.text("mask");
  // What counts is the content.
  detect.stage.fingerprints["mask"] = experiment.catalogue.fingerprints.at(fmt::format("masks/{}/{}", dataset, mask));
  drafts.push_back(untrained_detector(std::move(detect), experiment));
  return drafts.size() - 1;
}

std::size_t add_label_match(std::vector<Draft>& drafts, const Experiment& experiment, std::string_view table) {
  Draft score = draft_of(experiment, table, StageKind::score), detect = score;
  score.label = "score";
  score.stage.outputs = {Output::metrics, Output::scores};
  std::string prompt = score.origin.count("prompt") ? score.origin.at("prompt") : "prompt";
  score.stage.settings.set("template", score.stage.settings.text("prompt"));
  score.origin["template"] = prompt;
  score.stage.defaulted.erase("template");
  if (score.stage.defaulted.count("prompt")) score.stage.defaulted.insert("template");
  keep_settings(score, {"dataset", "model", "template"}, /*labels=*/false);
  add_backbone(drafts, score, score.stage.settings.text("model"), experiment.catalogue);
  std::size_t scores = drafts.size();
  drafts.push_back(std::move(score));

  detect = untrained_detector(std::move(detect), experiment);
  detect.edges["scores"] = {scores, Output::scores};
  drafts.push_back(std::move(detect));
  return drafts.size() - 1;
}

}  // namespace winnow::sweep
