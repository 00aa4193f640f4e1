#include "recipe.h"

#include <fmt/format.h>

#include <utility>

#include "further_tests.h"
#include "recipes/recipes.h"
#include "winnow/core/error.h"
#include "winnow/stage/data_sets.h"

namespace winnow::sweep {

namespace {

constexpr std::pair<std::string_view, Recipe> kRecipes[] = {
    {"coft", coft_recipe},
    {"detect-train", detect_train_recipe},
    {"distillation", distillation_recipe},
    {"feature-cache", feature_cache_recipe},
    {"file", file_recipe},
    {"label-match", label_match_recipe},
    {"prompt-members", prompt_members_recipe},
    {"prompt-rounds", prompt_rounds_recipe},
    {"text-classifier", text_classifier_recipe},
    {"train", train_recipe},
    {"zero-shot", zero_shot_recipe},
};

}  // namespace

Recipe find_recipe(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [candidate, recipe] : kRecipes) {
    if (candidate == name) return recipe;
    known.emplace_back(candidate);
  }
  throw UsageError(fmt::format("unknown recipe '{}'{}", name, did_you_mean(name, known)));
}

void note_templates(std::vector<Draft>& drafts, const Fingerprints& fingerprints) {
  for (Draft& draft : drafts) {
    const Settings& settings = draft.stage.settings;
    if (draft.own_settings || !settings.has("template")) continue;
    auto found = fingerprints.find(fmt::format("templates/{}/{}", settings.text("dataset"), settings.text("template")));
    if (found == fingerprints.end()) continue;
    draft.stage.fingerprints["templates"] = found->second;
    erase_setting(draft, "template");
  }
}

void note_further_tests(std::vector<Draft>& drafts, const Catalogue& catalogue) {
  for (Draft& draft : drafts) {
    const Settings& settings = draft.stage.settings;
    if (draft.own_settings || !settings.has("evaluation.further_tests") || !settings.flag("evaluation.further_tests"))
      continue;
    for (const std::string& name : further_tests(catalogue.datasets.at(settings.text("dataset"))))
      draft.stage.fingerprints[std::string(kFurtherTest) + name] = catalogue.fingerprints.at(name);
  }
}

std::vector<Identity> connect(std::vector<Draft>& drafts) {
  std::vector<Identity> identities;
  for (Draft& draft : drafts) {
    for (const auto& [name, edge] : draft.edges) {
      draft.stage.inputs[name] = {identities[edge.stage], edge.output};
      if (drafts[edge.stage].stage.open())
        draft.stage.fingerprints["inputs"] = kOpen;  // what it depends on is open, so it is, too
    }
    identities.push_back(draft.stage.open() ? hash_of(draft.stage.canonical()) : draft.stage.identity());
  }
  return identities;
}

}  // namespace winnow::sweep
