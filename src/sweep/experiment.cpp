#include "experiment.h"

namespace winnow::sweep {

Settings settings_of(Effective& effective) {
  std::map<std::string, Value> values;
  for (int key = 0; key < effective.schema().size(); ++key)
    if (const Value* value = effective.value(key)) values.emplace_hint(values.end(), effective.schema()[key].key->key, *value);
  return Settings(std::move(values));
}

Stages stages_of(Effective& effective, const Catalogue& catalogue) {
  const Method& method = *effective.schema().method();
  Experiment experiment{catalogue, method, settings_of(effective), {}};
  // A profile is a source of values; what a stage computes depends on the values.
  experiment.settings.erase("profile");
  experiment.settings.erase("width");             // how a stage is executed, not what it computes
  for (int key = 0; key < effective.schema().size(); ++key)
    if (const Value* value = effective.value(key); value && effective.declared(key) == *value)
      experiment.defaulted.insert(effective.schema()[key].key->key);
  experiment.defaulted.erase("profile");
  experiment.defaulted.erase("width");
  std::vector<Draft> drafts = find_recipe(method.recipe)(std::move(experiment));
  note_templates(drafts, catalogue.fingerprints);
  std::vector<Identity> identities = connect(drafts);
  return {std::move(drafts), std::move(identities)};
}

}  // namespace winnow::sweep
