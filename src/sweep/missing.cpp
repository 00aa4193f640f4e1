#include "missing.h"

#include <fmt/format.h>

#include <algorithm>

#include "label_sets.h"
#include "other_splits.h"
#include "own_prompts.h"
#include "winnow/core/error.h"
#include "winnow/data/scores.h"
#include "winnow/data/templates.h"

namespace winnow::sweep {

namespace {

class Noter {
 public:
  Noter(Inspection& inspection, Catalogue& catalogue, std::vector<Missing>& missing)
      : seen_(inspection), catalogue_(catalogue), missing_(missing) {}

  void note() {
    for (const std::string& key : seen_.named("dataset")) dataset(seen_.text(key), seen_.where(key));
    further_tests();
    own_validation();
    labels();
    scores();
    masks();
    shots();
    templates();
    descriptions();
    for (const std::string& key : seen_.named("model"))
      if (is_looked_at(key)) weights(catalogue_.models.at(seen_.text(key)), seen_.where(key));
  }

 private:
  // By the stage whose model it is. A program may do without.
  bool is_looked_at(const std::string& model_key) {
    std::string method_key = model_key.substr(0, model_key.size() - std::string_view("model").size()) + "method";
    if (!seen_.find(method_key)) return true;
    const Method& method = catalogue_.method(seen_.text(method_key));
    return !method.program || method.program->reads.count("model") != 0;
  }

  // Is this content missing, for the first time? From then on its fingerprint is open.
  bool misses(const std::string& content) {
    auto [found, fresh] = catalogue_.fingerprints.try_emplace(content, std::string(kOpen) + content);
    return fresh;
  }

  void add(std::string what, std::string first, std::string command, const std::string& key, std::string refusal) {
    missing_.push_back({std::move(what), std::move(first), std::move(command), seen_.where(key), std::move(refusal)});
  }

  void dataset(const std::string& name, const std::string& where) {
    if (!misses(name)) return;
    const Dataset& dataset = catalogue_.datasets.at(name);
    std::string package = dataset.content.value("package", ""), download = dataset.content.value("download", "");
    // Whoever brings a preset says where the files are; where other presets look is a guess.
    bool says_where = !package.empty() || dataset.from_outside();
    std::string command =
        fmt::format("winnow data check {}{}{}", name, dataset.option(), says_where ? "" : " --root FOLDER");
    missing_.push_back(
        {"the data set " + name,
         !package.empty()    ? "apt-get install " + package
         : !download.empty() ? "get it from " + download
                             : "",
         command, where,
         fmt::format("no fingerprint of {} on this machine{}: run `{}` once", name, another(dataset), command)});
  }

  void further_tests() {
    for (const std::string& key : seen_.named("evaluation.further_tests"))
      if (*seen_.find(key) == true)
        for (const std::string& name : winnow::sweep::further_tests(catalogue_.datasets.at(seen_.text("dataset"))))
          dataset(name, seen_.where(key));
  }

  void own_validation() {
    constexpr const char* kKey = "data.validation_split";
    if (!seen_.find(kKey) || seen_.text(kKey) != "own") return;
    std::string name = validation_split(catalogue_.datasets.at(seen_.text("dataset")));
    if (!name.empty()) dataset(name, seen_.where(kKey));
  }

  void labels() {
    const Value* kind = seen_.find("labels.kind");  // none: the method learns without labels
    if (!kind || *kind != "annotated") return;
    std::string dataset = seen_.text("dataset"), name = seen_.text("labels.set");
    const data::LabelSet& set = annotated_set(seen_, catalogue_);
    if (set.fingerprint.starts_with(kOpen) && misses(fmt::format("labels/{}/{}", dataset, name)))
      add(fmt::format("the labels '{}' of {}", name, dataset),
          fmt::format("make labels/{}.safetensors below its folder with launch/convert-labels", name),
          fmt::format("winnow data check {} --root FOLDER", dataset), "labels.set",
          fmt::format("labels.set: no labels '{0}' of {1} on this machine: put labels/{0}.safetensors "
                      "(launch/convert-labels) below its folder and run `winnow data check "
                      "{1} --root FOLDER`",
                      name, dataset));
  }

  void weights(const Model& model, const std::string& where) {
    if (model.pretrain) dataset(model.pretrain->settings.at("dataset").get<std::string>(), where);
    else if (model.downloaded() && misses(model.name)) {
      std::string first = model.download.empty() ? "" : "download " + model.download,
                  command = fmt::format("winnow model check {}{}{}", model.name, model.option(),
                                        model.roots.empty() ? " --root FOLDER" : "");
      missing_.push_back({"the weights of " + model.name, first, command, where,
                          fmt::format("no weights of {} on this machine{}: {}{}run `{}` once", model.name,
                                      another(model), first, first.empty() ? "" : " and ", command)});
    }
  }

  // What was recorded under this name is not what the sweep means.
  static const char* another(const Preset& preset) {
    return preset.other_record ? " (what was checked here is another preset of that name, or lay elsewhere)" : "";
  }

  std::vector<std::string> recorded(const std::string& prefix, std::vector<std::string> known) const {
    for (const auto& [content, fingerprint] : catalogue_.fingerprints)
      if (content.starts_with(prefix) && !fingerprint.starts_with(kOpen))
        known.push_back(content.substr(prefix.size()));
    return known;
  }

  // Arrays of scores are recorded by name, like data sets.
  void scores() {
    if (!seen_.find("labels.scores")) return;
    std::string name = seen_.text("labels.scores"), dataset = seen_.text("dataset");
    std::vector<std::string> known(data::kComputedScores.begin(), data::kComputedScores.end());
    if (std::find(known.begin(), known.end(), name) != known.end() || !misses("scores/" + name)) return;
    known = recorded("scores/", known);
    std::string hint = did_you_mean(name, known),
                command = fmt::format("winnow data scores {} FILE --dataset {}", name, dataset);
    add(fmt::format("the scores '{}'{}", name, hint), "", command, "labels.scores",
        fmt::format("labels.scores: no scores '{}' on this machine{}: known are {}; `{}` records them", name, hint,
                    fmt::join(known, ", "), command));
  }

  // So are masks, of one data set each.
  void masks() {
    for (const std::string& key : seen_.named("mask")) {
      std::string name = seen_.text(key), dataset = seen_.text("dataset");
      if (!misses(fmt::format("masks/{}/{}", dataset, name))) continue;
      std::vector<std::string> known = recorded("masks/" + dataset + "/", {});
      std::string hint = did_you_mean(name, known),
                  command = fmt::format("winnow data masks {} FILE --dataset {}", name, dataset);
      add(fmt::format("the mask '{}' of {}{}", name, dataset, hint), "", command, key,
          fmt::format("{}: no mask '{}' of {} on this machine{}: {}; `{}` records one", key, name, dataset, hint,
                      known.empty() ? "there is none" : fmt::format("known are {}", fmt::join(known, ", ")), command));
    }
  }

  // And lists of few labelled images.
  void shots() {
    std::string name = seen_.text("data.shot_list"), dataset = seen_.text("dataset");
    if (name.empty() || !misses(fmt::format("shots/{}/{}", dataset, name))) return;
    std::vector<std::string> known = recorded("shots/" + dataset + "/", {});
    std::string hint = did_you_mean(name, known),
                command = fmt::format("winnow data shots {} FILE --dataset {}", name, dataset);
    add(fmt::format("the labelled images '{}' of {}{}", name, dataset, hint), "", command, "data.shot_list",
        fmt::format("data.shot_list: no list '{}' of {} on this machine{}: {}; `{}` records one", name, dataset, hint,
                    known.empty() ? "there is none" : fmt::format("known are {}", fmt::join(known, ", ")), command));
  }

  // Of a file of class texts, recorded by name.
  void descriptions() {
    constexpr const char* kKey = "descriptions";
    if (!seen_.find(kKey)) return;
    std::string name = seen_.text(kKey), dataset = seen_.text("dataset");
    if (name.empty() || !misses(fmt::format("templates/{}/{}", dataset, name))) return;
    std::string hint = did_you_mean(name, recorded("templates/" + dataset + "/", {})),
                command = fmt::format("winnow data templates {} FILE --dataset {}", name, dataset);
    add(fmt::format("the descriptions '{}' of {}{}", name, dataset, hint), "", command, kKey,
        fmt::format("{}: no texts '{}' of {} on this machine{}; `{}` records some; \"\" goes without", kKey, name,
                    dataset, hint, command));
  }

  // Whose classes a prompt names: of a teacher that is trained on another data set, that one's.
  std::string prompted_dataset(const std::string& key) {
    return seen_.text(key.starts_with("teacher.") && seen_.find("source.dataset") ? "source.dataset" : "dataset");
  }

  // A prompt is itself, a set of prompts that winnow ships, a word for the data set's own, or a file of templates of
  // the data set, recorded by name.
  void templates() {
    for (const char* name : {"template", "prompt"})
      for (const std::string& key : seen_.named(name)) {
        std::string text = seen_.text(key), dataset = prompted_dataset(key);
        std::vector<std::string> known = data::template_set_names(),
                                 words = prompt_words(catalogue_.datasets.at(dataset));
        if (is_prompt_word(text) && std::find(words.begin(), words.end(), text) == words.end())
          throw UsageError(
              fmt::format("{}: {} = {}: {} has no such prompt, it has {}; [prompts] of its preset says them",
                          seen_.where(key), key, text, dataset, fmt::join(words, ", ")));
        known.insert(known.end(), words.begin(), words.end());
        bool prompt = data::places_in(text) > 0;
        if (std::string fault = prompt ? data::fault_of_template(text) : ""; !fault.empty())
          throw UsageError(fmt::format("{}: {}: {}", seen_.where(key), key, fault));
        if (prompt || std::find(known.begin(), known.end(), text) != known.end() ||
            !misses(fmt::format("templates/{}/{}", dataset, text)))
          continue;
        known = recorded("templates/" + dataset + "/", known);
        std::string hint = did_you_mean(text, known),
                    command = fmt::format("winnow data templates {} FILE --dataset {}", text, dataset);
        add(fmt::format("the class texts '{}' of {}{}", text, dataset, hint), "", command, key,
            fmt::format("{}: '{}' has no {{}} for the class name, and is no set of templates of {} on this machine{}; "
                        "known sets: {}; `{}` records one",
                        key, text, dataset, hint, fmt::join(known, ", "), command));
      }
  }

  Inspection& seen_;
  Catalogue& catalogue_;
  std::vector<Missing>& missing_;
};

}  // namespace

void note_missing(Inspection& inspection, Catalogue& catalogue, std::vector<Missing>& missing) {
  Noter(inspection, catalogue, missing).note();
}

}  // namespace winnow::sweep
