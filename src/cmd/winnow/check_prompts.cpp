#include "check_prompts.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "alike.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"
#include "winnow/data/template_file.h"
#include "winnow/data/templates.h"
#include "winnow/data/weights.h"
#include "winnow/text/read_files.h"
#include "winnow/text/tokenizer.h"

namespace winnow::cmd {

namespace {

// As the trainer decides it: heads that start from texts, zero-shot scores and evaluations, features of texts.
bool encodes_prompts(const Stage& stage) {
  if (!stage.settings.has("template") && !stage.fingerprints.count("templates")) return false;
  for (const char* file : {"templates", "descriptions"})
    if (auto print = stage.fingerprints.find(file);
        print != stage.fingerprints.end() && print->second.starts_with(kOpen))
      return false;  // not on this machine
  switch (stage.kind) {
    case StageKind::embed: return stage.settings.has("embed_texts");
    case StageKind::evaluate: return true;
    case StageKind::score: return !stage.fingerprints.count("scores") && !stage.settings.has("scorer");
    case StageKind::train:
    case StageKind::detect: return stage.settings.has("head_init") && stage.settings.text("head_init") == "text";
    default: return false;
  }
}

struct Texts {
  std::shared_ptr<const text::Tokenizer> tokenizer;  // null: not known here
  std::int64_t context = 0;
};

// The vocabulary that a pretrain stage learns, from its captions.
Texts learned(const sweep::Model::Pretrain& pretrain) {
  std::vector<std::string> captions;
  for (const Value& names : pretrain.settings.at("caption_names"))
    for (const Value& name : names)
      for (const Value& one : pretrain.settings.at("caption_templates"))
        captions.push_back(data::prompt(one.get<std::string>(), name.get<std::string>()));
  return {text::learn_tokenizer(captions, pretrain.settings.at("text.merges").get<std::size_t>()),
          pretrain.settings.at("text.context").get<std::int64_t>()};
}

Texts downloaded(const std::string& name) {
  std::optional<data::WeightsRecord> record = data::read_weights_record(name);
  if (!record || !data::difference_from(*record).empty()) return {};  // what changed is said where it is needed
  text::SnapshotFiles files = text::read_snapshot_files(record->root);
  std::int64_t context = text::context_of(files);
  if (!context)
    throw UsageError(fmt::format("{}: the weights of {} in {} have no text tower: its head cannot start from texts",
                                 name, name, record->root.string()));
  if (!text::has_tokenizer(files))
    throw UsageError(fmt::format(
        "{}: no tokenizer in {} (vocab.json and merges.txt, or tokenizer.json): its head cannot start from texts", name,
        record->root.string()));
  return {text::tokenizer_of(files), context};
}

// Every text with its class.
std::vector<std::pair<std::string, std::string>> prompts_of(const Stage& stage,
                                                            const std::vector<std::string>& classes) {
  std::vector<std::pair<std::string, std::string>> result;
  auto add = [&](const std::vector<std::vector<std::string>>& texts) {
    for (std::size_t c = 0; c < classes.size(); ++c)
      for (const std::string& text : texts[c]) result.emplace_back(classes[c], text);
  };
  if (auto described = stage.fingerprints.find("descriptions"); described != stage.fingerprints.end())
    add(data::recorded_descriptions(described->second, classes));
  if (auto recorded = stage.fingerprints.find("templates"); recorded != stage.fingerprints.end()) {
    add(data::recorded_texts(recorded->second, classes));
    return result;
  }
  for (const std::string& one : data::templates_of(stage.settings.text("template")))
    for (const std::string& name : classes) result.emplace_back(name, data::prompt(one, name));
  return result;
}

}  // namespace

void check_prompts(const sweep::Plan& plan, const sweep::Catalogue& catalogue) {
  std::map<std::string, Texts> models;
  std::set<std::tuple<std::string, std::string, std::string, std::string>>
      seen;  // model, data set, template, descriptions
  const Alike alike(plan);
  std::vector<bool> looked_at(plan.nodes().size());
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) {
    if (looked_at[alike.of(i)]) continue;
    looked_at[alike.of(i)] = true;
    const Stage stage = plan.stage(i);
    if (!encodes_prompts(stage) || !stage.settings.has("model")) continue;
    std::string name = stage.settings.text("model"), dataset = stage.settings.text("dataset");
    auto recorded = stage.fingerprints.find("templates"), described = stage.fingerprints.find("descriptions");
    if (!seen.emplace(name, dataset,
                      recorded == stage.fingerprints.end() ? stage.settings.text("template") : recorded->second,
                      described == stage.fingerprints.end() ? "" : described->second)
             .second)
      continue;
    auto model = catalogue.models.find(name);
    std::optional<data::Record> record = data::read_record(dataset);
    if (model == catalogue.models.end() || model->second.other_record || !record || record->classes.empty() ||
        catalogue.datasets.at(dataset).other_record)
      continue;
    if (!models.count(name))
      models[name] = model->second.pretrain       ? learned(*model->second.pretrain)
                     : model->second.downloaded() ? downloaded(name)
                                                  : Texts{};
    const Texts& texts = models.at(name);
    if (!texts.tokenizer) continue;
    for (const auto& [of, text] : prompts_of(stage, record->classes))
      if (std::int64_t tokens = texts.tokenizer->length(text); tokens > texts.context)
        throw UsageError(fmt::format("{}: the class '{}' of {} makes '{}', a text of {} tokens; {} takes {}",
                                     plan.name(), of, dataset, text, tokens, name, texts.context));
  }
}

}  // namespace winnow::cmd
