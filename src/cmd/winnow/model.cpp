// winnow model: which models a sweep may name, and whose weights this machine has.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>

#include "arguments.h"
#include "commands.h"
#include "export_model.h"
#include "outcome.h"
#include "preset_options.h"
#include "towers.h"
#include "winnow/core/error.h"
#include "winnow/data/weights.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

namespace {

Value to_json(const data::WeightsRecord& record, const std::optional<Value>& towers = std::nullopt) {
  Value json = {{"name", record.name},   {"root", record.root.string()}, {"fingerprint", record.fingerprint},
                {"bytes", record.bytes}, {"tensors", record.tensors},    {"any_shape", record.any_shape}};
  if (towers) json["towers"] = *towers;
  return json;
}

void list(const sweep::Catalogue& catalogue, bool json) {
  Value all = Value::array();
  for (const auto& [name, model] : catalogue.models) {
    auto record = data::read_weights_record(name);
    if (record && record->preset != model.digest) record.reset();  // of another preset of this name
    std::string brought = model.from_outside() ? "; preset " + model.source : "",
                origin = model.download.empty() ? fmt::format("{}", fmt::join(model.roots, " or ")) : model.download;
    if (json) {
      all.push_back(record ? to_json(*record)
                           : Value{{"name", name}, {"fingerprint", nullptr}, {"download", model.download}});
      all.back()["preset"] = model.source;
    } else if (model.pretrain) fmt::print("{:24} {:9} pre-trained by winnow itself, as a stage\n", name, model.family);
    else if (!model.downloaded())
      fmt::print("{:24} {:9} is initialised randomly, trained in the stage that uses it{}\n", name, model.family,
                 brought);
    else if (record)
      fmt::print("{:24} {:9} {} MB in {}{}\n", name, model.family, record->bytes / 1'000'000, record->root.string(),
                 brought);
    else
      fmt::print("{:24} {:9} not checked here ({}): winnow model check {}{}{}{}\n", name, model.family, origin, name,
                 model.option(), model.roots.empty() ? " --root FOLDER" : "", brought);
  }
  if (json) fmt::print("{}\n", all.dump(2));
}

// Progress on standard error, and only on a terminal.
void show_progress(std::string_view what, double done) {
  if (!::isatty(STDERR_FILENO)) return;
  fmt::print(stderr, "\r{:40} {:3.0f} %{}", what, 100 * done, done >= 1 ? "\n" : "");
  std::fflush(stderr);
}

std::string described(const Value& towers) {
  auto millions = [&](const char* key) { return towers.at(key).get<double>() / 1e6; };
  std::int64_t side = towers.at("image_size"), blocks = towers.at("blocks"), context = towers.at("context");
  std::string text = fmt::format("{}: image tower of {:.1f} M numbers for images of {} x {}, {} wide",
                                 towers.at("family").get<std::string>(), millions("image_numbers"), side, side,
                                 towers.at("width").get<std::int64_t>());
  if (blocks) text += fmt::format(", {} blocks", blocks);
  if (context) {
    text += fmt::format("; text tower of {:.1f} M, {} tokens, tokenizer: ", millions("text_numbers"), context);
    const Value& tokenizer = towers.at("tokenizer");
    text += tokenizer.is_string() ? tokenizer.get<std::string>()
                                  : "none (no head that starts from texts, no zero-shot scores)";
  }
  if (const Value& refused = towers.at("own_view"); refused.is_string())
    text += "\nwithout the view `model` (views.test = \"model\"): " + refused.get<std::string>();
  return text;
}

// In what the snapshot is another architecture than the preset's: "patch 32 instead of 16". Text towers are compared
// where there is one.
std::string other_shape(const sweep::Model& preset, const Value& towers) {
  if (!preset.content.contains("shape")) return "";
  std::string text;
  for (const auto& [key, wanted] : preset.content["shape"].items()) {
    const Value& shape = towers.at("shape");
    if (key == "text_width" && !shape.contains(key)) continue;
    Value found = shape.value(key, Value());
    if (found != wanted)
      text += fmt::format("{}{} {} instead of {}", text.empty() ? "" : ", ", key,
                          found.is_null() ? "unknown" : found.dump(), wanted.dump());
  }
  return text;
}

void check(const sweep::Catalogue& catalogue, const std::string& name, const std::string& root, bool any_shape,
           bool json) {
  std::vector<std::string> known;
  for (const auto& [other, model] : catalogue.models) known.push_back(other);
  auto found = catalogue.models.find(name);
  if (found == catalogue.models.end())
    throw UsageError(fmt::format("model check: unknown model '{}'{}; known: {}", name, did_you_mean(name, known),
                                 fmt::join(known, ", ")));
  if (found->second.pretrain)
    throw UsageError(fmt::format("model check: {} has no downloaded weights: winnow pre-trains it as a stage", name));
  if (!found->second.downloaded())
    throw UsageError(fmt::format("model check: {} has no downloaded weights: it is initialised randomly", name));
  std::optional<Path> folder = root.empty() ? std::nullopt : std::optional<Path>(root);
  std::string download = found->second.download.empty() ? "" : "download " + found->second.download;
  std::optional<Value> towers;
  auto look = [&](const Path& snapshot) {
    towers = towers_of(snapshot);
    if (towers && towers->at("family") != found->second.family)
      throw DataError(fmt::format("{} holds a model of the family {}; {} is one of {}{}{}", snapshot.string(),
                                  towers->at("family").get<std::string>(), name, found->second.family,
                                  download.empty() ? " by " + found->second.source : ": ", download));
    std::string other = towers ? other_shape(found->second, *towers) : "";
    if (!other.empty() && !any_shape)
      throw DataError(fmt::format("{} holds another model than {}: {}; {}say --any-shape", snapshot.string(), name,
                                  other, download.empty() ? "mend its [shape], or " : download + ", or "));
    return !other.empty();
  };
  data::WeightsRecord record = data::check_weights(
      {name, found->second.download, found->second.roots, found->second.digest}, folder, show_progress, look);
  if (json) fmt::print("{}\n", to_json(record, towers).dump(2));
  else
    fmt::print("{}: {} tensors, {} MB in {}; fingerprint {}\n", name, record.tensors, record.bytes / 1'000'000,
               record.root.string(), record.fingerprint);
  if (!json && record.any_shape)
    fmt::print("of another shape than {}: {}\n", name, other_shape(found->second, *towers));
  if (!json)
    fmt::print("{}\n", towers ? described(*towers)
                              : "no winnow-train beside this program: whether the tensors are those of the model shows "
                                "when a stage begins");
}

}  // namespace

int model(int argc, char** argv) {
  Command app(
      "model", "Models, and the weights of theirs that lie on this machine.",
      "  winnow model list\n"
      "  winnow model check clip-vit-b-16 --root ~/clip-vit-base-patch16      after downloading it, and after it "
      "changed\n"
      "  winnow model check mine --presets my-sweep/presets                   a model of your own: docs/models.md\n"
      "  WINNOW_WEIGHTS=/big/weights winnow model check clip-vit-b-16         looks in /big/weights/clip-vit-b-16\n"
      "  winnow model export 4f2a my-model                                    a trained model, as transformers or timm "
      "loads it\n");
  std::string name, root, run, folder;
  bool any_shape = false, json = false, weights_alone = false;
  app.require_subcommand(1);
  CLI::App* listing = app.add_subcommand("list", "the known models and what is recorded of their weights");
  CLI::App* checking =
      app.add_subcommand("check", "reads every file of a snapshot, verifies it and records the fingerprint");
  checking->add_option("NAME", name, "the model")->required();
  checking->add_option("--root", root, "the snapshot's folder, or the folder of Hugging Face's cache that holds it");
  checking->add_flag("--any-shape", any_shape,
                     "take weights of this family whose architecture is not the preset's (width, blocks, patch, ...)");
  CLI::App* exporting = app.add_subcommand(
      "export",
      "writes the model of a run as a folder that transformers or timm loads, with what it was trained on "
      "merged into its weights; wants a run that keeps weights (keep_weights = true)");
  exporting->add_option("RUN", run, "a run file, or the first digits of an identity")->required();
  exporting->add_option("FOLDER", folder, "the folder to write; it must not exist yet, or be empty")->required();
  exporting->add_flag("--weights-alone", weights_alone,
                      "the trained tensors as they are, weights.safetensors, and no model");
  StoreOptions stores;
  stores.add_to(*exporting);
  PresetOptions presets;
  for (CLI::App* sub : {listing, checking}) {
    sub->add_flag("--json", json, "for scripts");
    presets.add_to(*sub);
  }
  if (!parse(app, argc, argv)) return kDone;

  if (exporting->parsed()) {
    export_model(run, folder, stores, weights_alone);
    return kDone;
  }
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({}, presets.read());
  listing->parsed() ? list(catalogue, json) : check(catalogue, name, root, any_shape, json);
  return kDone;
}

}  // namespace winnow::cmd
