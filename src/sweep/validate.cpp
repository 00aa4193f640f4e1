#include "validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "check_needs.h"
#include "check_noise_share.h"
#include "check_samples.h"
#include "label_sets.h"
#include "recipe.h"
#include "winnow/core/error.h"
#include "winnow/label/spec.h"

namespace winnow::sweep {

namespace {

constexpr std::string_view kWithoutClassifier[] = {"clip", "siglip", "vit_mae"};  // families

std::string condition_text(const Key& key) {
  std::string text;
  for (const auto& [other, any] : key.when) {
    std::string words;
    for (const Value& value : any)
      words += (words.empty() ? "" : " or ") + (value.is_string() ? value.get<std::string>() : value.dump());
    text += fmt::format("{}{} = {}", text.empty() ? "" : " and ", other, words);
  }
  return text;
}

std::vector<std::string> methods_with(const Catalogue& catalogue, const std::string& key) {
  std::vector<std::string> names;
  for (const auto& [name, method] : catalogue.methods)
    if (std::any_of(method.keys.begin(), method.keys.end(), [&](const Key& declared) { return declared.key == key; }))
      names.push_back(name);
  return names;
}

void refuse_axis(Effective& effective, const Catalogue& catalogue, const Written& setting, int key) {
  std::string method = effective.value("method")->get<std::string>(), reason;
  if (key >= 0) reason = fmt::format("it exists only where {}", condition_text(*effective.schema()[key].key));
  else if (setting.key.starts_with("labels."))
    reason = fmt::format("method {} learns without labels: its experiments would be the same in all rows", method);
  else if (setting.key == kKeepWeights)
    reason = fmt::format("winnow trains nothing for method {} (a program's preset says [program] gives)", method);
  else if (effective.schema().method()->program && methods_with(catalogue, setting.key).empty())
    reason = fmt::format("method {} is a program that does not read it (its preset: [program] reads)", method);
  else
    reason = fmt::format("method {} has no such key ({} have)", method,
                         fmt::join(methods_with(catalogue, setting.key), ", "));
  throw UsageError(fmt::format("{}: {} = {} cannot be an axis here: {}", setting.place.text(), setting.key,
                               setting.value.dump(), reason));
}

void require_labels(Inspection& seen, const Catalogue& catalogue) {
  const Method& method = seen.method();
  if (method.labels == LabelNeed::none) return;
  std::string kind = seen.text("labels.kind"), what = "labels.kind = " + kind;
  bool sets = gives_sets(seen, catalogue);
  if (kind == "annotated") {
    what += fmt::format(" of the set {}", seen.text("labels.set"));
    if (!sets && seen.real("labels.keep_fraction") < 1)
      throw UsageError(
          fmt::format("{}: {} gives one label a sample: there is no set that labels.keep_fraction could narrow",
                      seen.where("labels.keep_fraction"), what));
  }
  if (method.labels == LabelNeed::candidates || !sets) return;
  std::vector<std::string> able;
  for (const auto& [name, other] : catalogue.methods)
    if (other.labels == LabelNeed::candidates) able.push_back(name);
  throw UsageError(fmt::format("{}: method {} learns from one given label, {} gives candidate sets; able to: {}",
                               seen.where("method"), method.name, what, fmt::join(able, ", ")));
}

// Labels that the data set's classes do not allow. Rate and seed decide nothing here and are not looked at, so that
// their axes stay free.
void require_possible_noise(Inspection& seen, const Catalogue& catalogue) {
  if (seen.method().labels == LabelNeed::none) return;
  Settings settings({{"labels.rate", 0.0}, {"labels.seed", 0}});
  settings.set("labels.kind", seen.text("labels.kind"));
  for (const char* key :
       {"include_true", "balanced", "count", "target", "map", "block", "superclasses", "sigma", "pixels"})
    if (std::string name = std::string("labels.") + key; seen.find(name)) settings.set(name, *seen.find(name));
  if (!label::makes_noise(label::parse_kind(settings.text("labels.kind")))) return;
  std::int64_t classes = catalogue.datasets.at(seen.text("dataset")).classes;
  if (classes == 0) return;  // not known before the data are; the stage refuses
  if (std::optional<label::Fault> fault = label::fault_of(label::Spec::from(settings), classes))
    throw UsageError(fmt::format("{}: {}", seen.where(fault->key), fault->text));
}

// A logistic regression needs one label a sample. (A class mean weighs the classes of a set.)
void require_start(Inspection& seen, const Catalogue& catalogue) {
  for (const std::string& key : seen.named("head_init"))
    if (seen.text(key) == "linear-probe" && gives_sets(seen, catalogue))
      throw UsageError(
          fmt::format("{}: {} = linear-probe wants one given label a sample, labels.kind = {} gives candidate sets; "
                      "allowed there: text, random, class-mean",
                      seen.where(key), key, seen.text("labels.kind")));
  for (const std::string& key : seen.named("head_init")) {
    if (seen.text(key) != "detector") continue;
    auto refuse = [&](const std::string& why) {
      throw UsageError(fmt::format("{}: {} = detector: {}", seen.where(key), key, why));
    };
    if (key != "head_init" || seen.method().recipe != "detect-train")
      refuse("it is the second stage of detect-train that a detector can hand its head to");
    const Method& detector = catalogue.methods.at(seen.text("detect.method"));
    if (detector.program) refuse(fmt::format("{} is a program, which hands on no head", detector.name));
    if (detector.recipe != "train" || seen.find("detect.context_length"))  // it trains nothing, or prompts
      refuse(fmt::format("{} trains no head", detector.name));
    for (const char* same : {"model", "head"})
      if (std::string own = seen.text(same), theirs = seen.text(std::string("detect.") + same); own != theirs)
        refuse(fmt::format("detect.{} = {} and {} = {} must be the same", same, theirs, same, own));
  }
}

// What the second phase of CoFT takes from its first one.
void require_hand_over(Inspection& seen) {
  auto same_model = [&](const std::string& key, const std::string& value) {
    if (std::string own = seen.text("model"), theirs = seen.text("p1.model"); own != theirs)
      throw UsageError(fmt::format("{}: {} = {}: p1.model = {} and model = {} must be the same", seen.where(key), key,
                                   value, theirs, own));
  };
  for (const std::string& key : seen.named("head_init")) {
    if (seen.text(key) != "prompts") continue;
    bool coft = seen.method().recipe == "coft";
    if (coft && key == "p1.head_init") continue;  // as outside the table; a phase without a head
    if (key != "head_init" || !coft)
      throw UsageError(
          fmt::format("{}: {} = prompts: it is the second phase of coft and coft-plus that a first one "
                      "hands its prompt to",
                      seen.where(key), key));
    same_model(key, "prompts");
  }
  constexpr const char* kKeep = "keep_vpt";
  if (!seen.find(kKeep) || *seen.find(kKeep) != true) return;
  same_model(kKeep, "true");
  auto require = [&](const char* key, const std::vector<std::string>& allowed, const char* why) {
    if (std::find(allowed.begin(), allowed.end(), seen.text(key)) == allowed.end())
      throw UsageError(fmt::format("{}: keep_vpt = true: {} = {}: {}; allowed there: {}", seen.where(kKeep), key,
                                   seen.text(key), why, fmt::join(allowed, ", ")));
  };
  require("p1.adapt", {"vpt-deep", "vpt-shallow"}, "the first phase learns no visual prompts that could be kept");
  require("adapt", {"full-tuning", "linear-probe"}, "it puts modules of its own beside the prompts");
}

// What a round may go on from: a prompt.
void require_warm_start(Inspection& seen) {
  constexpr const char *kWarm = "warm_start", *kModality = "modality";
  if (!seen.find(kWarm) || *seen.find(kWarm) != true || !seen.find(kModality)) return;
  if (std::string modality = seen.text(kModality); modality != "textual")
    throw UsageError(
        fmt::format("{}: warm_start = true: it is a prompt that a round goes on from, and with modality = "
                    "{} each begins anew; allowed there: false",
                    seen.where(kWarm), modality));
}

// A method that learns prompts puts them into a text tower, behind the start of its texts.
void require_prompts(Inspection& seen, const Catalogue& catalogue) {
  constexpr std::string_view kLength = "context_length", kFamily = "clip";
  for (const std::string& key : seen.named(std::string(kLength))) {
    std::string model_key = key.substr(0, key.size() - kLength.size()) + "model";
    const Model& model = catalogue.models.at(seen.text(model_key));
    if (model.family == kFamily) continue;
    std::vector<std::string> able;
    for (const auto& [name, other] : catalogue.models)
      if (other.family == kFamily) able.push_back(name);
    throw UsageError(fmt::format("{}: {} = {}: the method learns prompts, which need a CLIP; able to: {}",
                                 seen.where(model_key), model_key, model.name, fmt::join(able, ", ")));
  }
}

// A fixed model is asked by texts: that of the stage whose prompt it is, else that of the recipe's first stage.
void require_texts(Inspection& seen, const Catalogue& catalogue) {
  constexpr std::string_view kPrompt = "prompt";
  for (const std::string& key : seen.named(std::string(kPrompt))) {
    std::string table = key.substr(0, key.size() - kPrompt.size());  // "detect."
    if (table.empty() && !seen.method().stages.empty()) table = seen.method().stages.begin()->first + ".";
    std::string model_key = table + "model";
    const Model& model = catalogue.models.at(seen.text(model_key));
    if (model.family == "clip" || model.family == "siglip") continue;
    throw UsageError(
        fmt::format("{}: {} = {}: a {} has no text tower for the classes' prompts; take a clip or a siglip",
                    seen.where(model_key), model_key, model.name, model.family));
  }
}

// Some blocks alone, or everything.
void require_one_extent(Inspection& seen) {
  constexpr std::string_view kKey = "full_tuning";
  for (const std::string& key : seen.named(std::string(kKey))) {
    std::string partial = key.substr(0, key.size() - kKey.size()) + "partial";
    if (seen.text(key) == "all" && seen.integer(partial) > 0)
      throw UsageError(fmt::format("{}: {} = all: {} = {} names blocks that alone are tuned; set one of them",
                                   seen.where(key), key, partial, seen.integer(partial)));
  }
}

// Of a pure fp16 stage: whoever sets the rule of its weights.
void require_rule_of_fp16(Inspection& seen) {
  constexpr std::string_view kPrecision = "train.precision", kRule = "optimizer";
  for (const std::string& key : seen.named(std::string(kRule))) {
    std::string table = key.substr(0, key.size() - kRule.size()), stage = table;  // "detect.train.", "generator."
    stage.resize(table.find('.') == table.size() - 1 ? 0 : table.find('.') + 1);
    std::string precision = stage + std::string(kPrecision);
    if (!seen.find(precision)) precision = kPrecision;
    if (!seen.find(precision) || seen.text(precision) != "fp16-pure" || seen.text(key) == "sgd") continue;
    throw UsageError(fmt::format(
        "{}: {} = {}: {} = fp16-pure keeps moments in fp16, in which squares of gradients vanish; take sgd, "
        "or fp16, bf16 or fp32",
        seen.where(key), key, seen.text(key), precision));
  }
}

// What a program cannot do, whatever it computes.
void require_of_programs(Inspection& seen, const Catalogue& catalogue) {
  for (const std::string& key : seen.named("method")) {
    const Method& method = catalogue.method(seen.text(key));
    if (!method.program) continue;
    if (seen.integer("width") > 1)
      throw UsageError(fmt::format("{}: width = {}: method {} is a program, which one process executes",
                                   seen.where("width"), seen.integer("width"), method.name));
    if (key == "method" && !method.program->gives.count("predictions"))
      throw UsageError(fmt::format(
          "{}: method {} gives no predictions, so that there is nothing to compare: name it where a detector is "
          "wanted, detect.method",
          seen.where(key), method.name));
    if (key == "method" && method.program->takes.count("detector-weights")) {
      const Method& detector = catalogue.methods.at(seen.text("detect.method"));
      if (!recipe_trains(detector.recipe) || (detector.program && !detector.program->gives.count("weights")))
        throw UsageError(
            fmt::format("{}: method {} takes the weights of its detector, and {} gives none: {}",
                        seen.where("detect.method"), method.name, detector.name,
                        detector.program ? "its preset must say gives = [..., \"weights\"]" : "it trains nothing"));
    }
  }
}

void require_scorer(Inspection& seen, const Catalogue& catalogue) {
  if (!seen.find("labels.scores")) return;
  std::string scores = seen.text("labels.scores");
  if (scores == "trained") {
    std::string model = seen.text("labels.scorer.model");
    std::vector<std::string> able;
    for (const auto& [other, preset] : catalogue.models)
      if (!preset.architecture.empty()) able.push_back(other);
    if (std::find(able.begin(), able.end(), model) == able.end())
      throw UsageError(
          fmt::format("{}: labels.scores = trained wants a labels.scorer.model that is initialised randomly, {} has "
                      "weights; allowed: {}",
                      seen.where("labels.scores"), model, fmt::join(able, ", ")));
  }
  if (scores == "classifier") {
    const Model& model = catalogue.models.at(seen.text("labels.scorer.model"));
    if (std::find(std::begin(kWithoutClassifier), std::end(kWithoutClassifier), model.family) !=
        std::end(kWithoutClassifier))
      throw UsageError(
          fmt::format("{}: labels.scores = classifier wants a labels.scorer.model with a classifier of its own, {} is "
                      "a {}: it has none; zero-shot scores "
                      "are those of texts",
                      seen.where("labels.scores"), model.name, model.family));
  }
}

// numpy's legacy generator takes 32 bits. (data.validation_seed is declared so.)
void require_legacy_seeds(Inspection& seen) {
  constexpr std::int64_t kMost = 0xffffffff;
  auto require = [&](const char* law, const char* seed) {
    if (!seen.find(law) || seen.text(law) != "numpy-legacy") return;  // no look at the seed: its axis stays free
    if (seen.find(seed) && seen.integer(seed) > kMost)
      throw UsageError(fmt::format("{}: {} = {}: {} = numpy-legacy takes seeds from 0 to {}", seen.where(seed), seed,
                                   seen.integer(seed), law, kMost));
  };
  require("labels.law", "labels.seed");
  if (seen.real("data.long_tail") != 1) require("data.law", "data.seed");
}

}  // namespace

void validate(Resolved& resolved, const Catalogue& catalogue, const Place& grid, std::vector<bool>& applied) {
  Effective& effective = resolved.effective;
  const Schema& schema = effective.schema();
  if (!schema.method()) throw UsageError(fmt::format("{}: method is not set", grid.text()));
  for (int key = 0; key < schema.size(); ++key)
    if (effective.active(key) && !effective.value(key)) {
      const Key& missing = *schema[key].key;
      std::string why = missing.when.empty() ? "" : fmt::format(", needed where {}", condition_text(missing));
      throw UsageError(
          fmt::format("{}: {} is not set{}: expected {}", grid.text(), missing.key, why, missing.allowed()));
    }
  for (const Assigned& entry : resolved.assigned) {
    int key = effective.index(entry.written->key);
    bool exists = key >= 0 && effective.active(key);
    if (exists) applied[entry.written->id] = true;
    else if (entry.axis >= 0) refuse_axis(effective, catalogue, *entry.written, key);
  }
}

void inspect(Inspection& seen, Catalogue& catalogue, std::vector<Missing>& missing) {
  note_missing(seen, catalogue, missing);
  require_labels(seen, catalogue);
  require_possible_noise(seen, catalogue);
  require_start(seen, catalogue);
  require_hand_over(seen);
  require_warm_start(seen);
  check_noise_share(seen);
  require_prompts(seen, catalogue);
  require_texts(seen, catalogue);
  check_needs(seen, catalogue);
  require_rule_of_fp16(seen);
  require_of_programs(seen, catalogue);
  require_one_extent(seen);
  require_scorer(seen, catalogue);
  require_legacy_seeds(seen);
  check_samples(seen, catalogue);
}

void refuse_unapplied(const SweepFile& sweep, const Catalogue& catalogue, const std::vector<bool>& applied,
                      const std::vector<bool>& matched) {
  bool programs = std::any_of(catalogue.methods.begin(), catalogue.methods.end(),
                              [](const auto& entry) { return entry.second.program.has_value(); });
  auto refuse = [&](const std::vector<Written>& settings) {
    for (const Written& setting : settings) {
      if (applied[setting.id]) continue;
      std::string reason;
      for (const Key& key : catalogue.common)
        if (key.key == setting.key)
          reason = key.key == kKeepWeights
                       ? "winnow trains nothing for its methods (a program's preset says [program] gives)"
                   : key.when.empty() && !key.shared && programs
                       ? "all experiments of its grid are excluded, or its methods are programs that do not read it"
                   : key.when.empty() && key.key != "labels.kind" ? "all experiments of its grid are excluded"
                   : key.when.empty()                             ? "its methods learn without labels"
                                      : fmt::format("it exists only where {}", condition_text(key));
      if (reason.empty()) {
        std::vector<std::string> able = methods_with(catalogue, setting.key);
        reason = fmt::format("it is a key of {}", fmt::join(able, ", "));
        const char* comma = ", where ";
        for (const Key& key : catalogue.methods.at(able.front()).keys)
          if (key.key == setting.key && !key.when.empty()) reason += comma + condition_text(key), comma = ", or ";
      }
      throw UsageError(
          fmt::format("{}: {} applies to no experiment of the sweep: {}", setting.place.text(), setting.key, reason));
    }
  };
  refuse(sweep.base);
  for (const Grid& grid : sweep.grids) refuse(grid.fixed);
  for (std::size_t i = 0; i < sweep.overrides.size(); ++i)
    if (matched[i]) refuse(sweep.overrides[i].set);
  refuse(sweep.sets);
}

}  // namespace winnow::sweep
