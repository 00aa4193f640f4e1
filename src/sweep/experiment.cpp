#include "experiment.h"

#include <fmt/format.h>

#include "own_prompts.h"
#include "parts_of_stage.h"
#include "winnow/core/recorded_reads.h"

namespace winnow::sweep {

Settings settings_of(Effective& effective) {
  std::map<std::string, Value> values;
  for (int key = 0; key < effective.schema().size(); ++key)
    if (const Value* value = effective.value(key))
      values.emplace_hint(values.end(), effective.schema()[key].key->key, *value);
  return Settings(std::move(values));
}

namespace {

// Recipes read settings of drafts, too, under other names.
std::set<std::string> keys_of(const std::set<std::string>& names, const Method& method,
                              const std::vector<Draft>& drafts) {
  std::set<std::string> keys = names;
  for (const std::string& name : names) {
    for (const auto& [table, methods] : method.stages) keys.insert(table + "." + name);
    for (const Draft& draft : drafts)
      if (auto origin = draft.origin.find(name); origin != draft.origin.end()) keys.insert(origin->second);
  }
  return keys;
}

// The fingerprint of a list of labelled images takes the place of the setting that names it, as that of templates does.
// A stage on another data set, a teacher's, has no part in it.
void note_shot_lists(std::vector<Draft>& drafts, const std::string& dataset, const Catalogue& catalogue) {
  for (Draft& draft : drafts) {
    Settings& settings = draft.stage.settings;
    if (draft.own_settings || !settings.has("data.shot_list")) continue;
    std::string list = settings.text("data.shot_list");
    if (list.empty()) continue;
    if (settings.text("dataset") == dataset)
      draft.stage.fingerprints["shots"] = catalogue.fingerprints.at(fmt::format("shots/{}/{}", dataset, list));
    settings.erase("data.shot_list");
    draft.stage.defaulted.erase("data.shot_list");
  }
}

}  // namespace

Stages stages_of(Effective& effective, const Catalogue& catalogue) {
  const Method& method = *effective.schema().method();
  Experiment experiment{catalogue, method, settings_of(effective), {}};
  // A profile is a source of values; what a stage computes depends on the values.
  experiment.settings.erase("profile");
  experiment.settings.erase("width");  // how a stage is executed, not what it computes
  // So is a variant: what it says stands in the settings, and trainers know the method that it is like.
  experiment.settings.set("method", method.implementation);
  for (int key = 0; key < effective.schema().size(); ++key)
    if (const Value* value = effective.value(key); value && effective.declared(key) == *value)
      experiment.defaulted.insert(effective.schema()[key].key->key);
  experiment.defaulted.erase("profile");
  experiment.defaulted.erase("width");
  RecordedReads reads;
  std::string dataset = experiment.settings.text("dataset");
  bool keeps = experiment.settings.has(kKeepWeights) && experiment.settings.flag(kKeepWeights);
  experiment.settings.erase(kKeepWeights);
  experiment.defaulted.erase(kKeepWeights);
  std::vector<Draft> drafts = find_recipe(method.recipe)(std::move(experiment));
  if (keeps) keep_weights(drafts);
  put_own_prompts(drafts, catalogue, [&](const std::string& key) {
    int found = effective.index(key);
    return found < 0 ? std::nullopt : effective.declared(found);
  });
  note_class_texts(drafts, catalogue.fingerprints);  // of what is no word: no texts take the place of own prompts
  note_shot_lists(drafts, dataset, catalogue);
  note_further_tests(drafts, catalogue);
  note_validation_split(drafts, dataset, catalogue);
  for (Draft& draft : drafts) {
    if (auto own = catalogue.kind_versions.find(draft.stage.kind); own != catalogue.kind_versions.end())
      draft.stage.version = own->second;
    draft.stage.shared = parts_of(draft, catalogue);
  }
  std::vector<Identity> identities = connect(drafts);
  std::set<std::string> read = keys_of(reads.keys(), method, drafts);
  return {std::move(drafts), std::move(identities), std::move(read)};
}

}  // namespace winnow::sweep
