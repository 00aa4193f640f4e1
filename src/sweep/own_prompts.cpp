#include "own_prompts.h"

#include <algorithm>

#include "winnow/data/templates.h"

namespace winnow::sweep {

namespace {

constexpr const char *kPlain = "plain", *kPlainTemplate = "a photo of a {}";

}  // namespace

const std::vector<std::string>& prompt_entries() {
  static const std::vector<std::string> entries = [] {
    std::vector<std::string> words = data::own_prompt_words();
    std::erase(words, kPlain);
    return words;
  }();
  return entries;
}

bool is_prompt_word(const std::string& text) {
  const std::vector<std::string>& words = data::own_prompt_words();
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::vector<std::string> prompt_words(const Dataset& dataset) {
  std::vector<std::string> words;
  for (const std::string& entry : prompt_entries())
    if (own_prompt(dataset, entry)) words.push_back(entry);
  words.emplace_back(kPlain);
  return words;
}

std::optional<std::string> own_prompt(const Dataset& dataset, const std::string& word) {
  if (word == kPlain) return kPlainTemplate;
  auto prompts = dataset.content.find("prompts");
  if (prompts == dataset.content.end()) return std::nullopt;
  auto found = prompts->find(word);
  return found == prompts->end() ? std::nullopt : std::optional(found->get<std::string>());
}

void put_own_prompts(std::vector<Draft>& drafts, const Catalogue& catalogue,
                     const std::function<std::optional<Value>(const std::string& key)>& declared) {
  constexpr const char* kSetting = "template";
  for (Draft& draft : drafts) {
    Settings& settings = draft.stage.settings;
    if (draft.own_settings || !settings.has(kSetting) || !settings.has("dataset")) continue;
    auto own = own_prompt(catalogue.datasets.at(settings.text("dataset")), settings.text(kSetting));
    if (!own) continue;
    settings.set(kSetting, *own);
    auto origin = draft.origin.find(kSetting);
    if (declared(origin == draft.origin.end() ? kSetting : origin->second) == Value(*own))
      draft.stage.defaulted.insert(kSetting);
    else draft.stage.defaulted.erase(kSetting);
  }
}

}  // namespace winnow::sweep
