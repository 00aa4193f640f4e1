#include "recipe.h"

#include <fmt/format.h>

#include <utility>

#include "other_splits.h"
#include "recipes/recipes.h"
#include "winnow/core/error.h"
#include "winnow/stage/data_sets.h"

namespace winnow::sweep {

namespace {

struct Known {
  std::string_view name;
  Recipe recipe;
  bool trains;  // a model: else the cell is a fixed one's, or a detector's
};

constexpr Known kRecipes[] = {
    {"coft", coft_recipe, true},
    {"detect-train", detect_train_recipe, true},
    {"distillation", distillation_recipe, true},
    {"feature-cache", feature_cache_recipe, true},
    {"file", file_recipe, false},
    {"label-match", label_match_recipe, false},
    {"prompt-members", prompt_members_recipe, true},
    {"prompt-rounds", prompt_rounds_recipe, true},
    {"text-classifier", text_classifier_recipe, true},
    {"train", train_recipe, true},
    {"zero-shot", zero_shot_recipe, false},
};

}  // namespace

Recipe find_recipe(std::string_view name) {
  std::vector<std::string> known;
  for (const Known& candidate : kRecipes) {
    if (candidate.name == name) return candidate.recipe;
    known.emplace_back(candidate.name);
  }
  throw UsageError(fmt::format("unknown recipe '{}'{}", name, did_you_mean(name, known)));
}

bool recipe_trains(std::string_view name) {
  for (const Known& candidate : kRecipes)
    if (candidate.name == name) return candidate.trains;
  return false;
}

void note_class_texts(std::vector<Draft>& drafts, const Fingerprints& fingerprints) {
  for (Draft& draft : drafts) {
    const Settings& settings = draft.stage.settings;
    if (draft.own_settings) continue;
    for (const auto& [setting, as] : {std::pair("template", "templates"), std::pair("descriptions", "descriptions")}) {
      if (!settings.has(setting)) continue;
      auto found = fingerprints.find(fmt::format("templates/{}/{}", settings.text("dataset"), settings.text(setting)));
      if (found == fingerprints.end()) continue;
      draft.stage.fingerprints[as] = found->second;
      erase_setting(draft, setting);
    }
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

void note_validation_split(std::vector<Draft>& drafts, const std::string& dataset, const Catalogue& catalogue) {
  constexpr const char* kKey = "data.validation_split";
  for (Draft& draft : drafts) {
    Settings& settings = draft.stage.settings;
    if (draft.own_settings || !settings.has(kKey)) continue;
    bool trains = draft.stage.kind == StageKind::train || draft.stage.kind == StageKind::detect;
    if (settings.text(kKey) == "own" && trains && settings.text("dataset") == dataset) {
      std::string name = validation_split(catalogue.datasets.at(dataset));
      draft.stage.fingerprints[std::string(kOwnValidation) + name] = catalogue.fingerprints.at(name);
    }
    erase_setting(draft, kKey);
  }
}

void keep_weights(std::vector<Draft>& drafts) {
  auto keep = [](Draft& draft) {
    if (draft.stage.kind == StageKind::train) draft.stage.outputs.insert(Output::weights);
  };
  keep(drafts.back());
  if (drafts.back().stage.kind != StageKind::ensemble) return;
  for (const auto& [name, edge] : drafts.back().edges)
    if (name.starts_with("member.")) keep(drafts[edge.stage]);
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
