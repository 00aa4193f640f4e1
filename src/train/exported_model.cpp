#include "winnow/train/exported_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"
#include "classifier_options.h"
#include "preprocessing.h"
#include "tensor_file.h"
#include "trained_head.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/method/registry.h"
#include "winnow/model/library_model.h"
#include "winnow/text/family.h"
#include "winnow/view/pipeline.h"

namespace winnow::train {

namespace {

constexpr const char* kWayOut = "--weights-alone writes the trained tensors as they are";

std::string method_of(const Stage& stage) {
  return stage.settings.has("method") ? stage.settings.text("method") : std::string(to_string(stage.kind));
}

std::map<std::string, at::Tensor> weights_of(const store::RunContent& content, const std::string& source) {
  std::map<std::string, at::Tensor> result;
  for (const auto& [name, array] : content.arrays)
    if (name.starts_with("weights/")) result[name.substr(8)] = tensor_of(array);
  if (!result.empty()) return result;
  if (content.stage.fingerprints.count("program"))
    throw UsageError(
        fmt::format("{} keeps no weights: a program gives them where its preset says gives = [\"weights\"]", source));
  if (content.stage.kind != StageKind::train)
    throw UsageError(fmt::format("{} keeps no weights: it is of a stage of kind {}; export the run of a training",
                                 source, to_string(content.stage.kind)));
  throw UsageError(
      fmt::format("{} keeps no weights: `winnow run SWEEP --set keep_weights=true` computes its experiment once more "
                  "and keeps them (or keep_weights = true in the sweep); export that run",
                  source));
}

Value facts_of(const store::RunContent& content) {
  const Settings& settings = content.stage.settings;
  Value facts = {{"format", 1},
                 {"run", content.stage.identity().hex()},
                 {"result", content.result_digest().hex()},
                 {"code", content.provenance.code_version},
                 {"method", method_of(content.stage)}};
  for (const char* key : {"model", "adapt", "dataset", "seed"})
    if (settings.has(key)) facts[key] = settings.at(key);
  return facts;
}

const char* formula_of(model::HeadKind kind) {
  switch (kind) {
    case model::HeadKind::linear: return "feature @ weight.T + bias";
    case model::HeadKind::l2normed: return "feature @ normalize(weight, dim=1).T";
    case model::HeadKind::layernormed:
      return "layer_norm(feature, feature.shape[-1:], eps=1e-12) @ normalize(weight, dim=1).T";
    case model::HeadKind::cosine: break;
  }
  return "scale * normalize(feature, dim=1) @ normalize(weight, dim=1).T";
}

// What the stage's test images were normalised by stands in the preprocessor, whatever the checkpoint's own says.
view::Normalisation put_normalisation(model::Snapshot& snapshot, const Settings& settings, bool as_clip) {
  view::Normalisation own = Preprocessing::from(snapshot).normalisation;
  std::string name = settings.text("views.test_normalisation");
  if (name == "model" && as_clip) name = "clip";
  if (name == "model") return own;
  view::Normalisation used = view::normalisation_named(name);
  std::string& file = snapshot.files.at("preprocessor_config.json");
  Value json = parse_json(file, snapshot.source + "/" + snapshot.preprocessor);
  json["do_normalize"] = true;
  json["image_mean"] = used.mean;
  json["image_std"] = used.deviation;
  file = json.dump(2) + "\n";
  if (kind_of(snapshot).timm) {
    snapshot.config["pretrained_cfg"]["mean"] = used.mean;
    snapshot.config["pretrained_cfg"]["std"] = used.deviation;
  }
  return used;
}

std::vector<std::string> numbered(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < count; ++c) names.push_back(std::to_string(c));
  return names;
}

}  // namespace

ExportedModel exported_weights(const store::RunContent& content, const std::string& source) {
  ExportedModel result;
  result.beside["weights"] = weights_of(content, source);
  result.facts = facts_of(content);
  result.facts["settings"] = content.stage.settings.all();
  result.summary = fmt::format("weights.safetensors: {} trained tensors of {}, as its run file has them",
                               result.beside["weights"].size(), method_of(content.stage));
  return result;
}

ExportedModel exported_model(const store::RunContent& content, const std::string& source,
                             const model::Snapshot& backbone, const std::vector<std::string>& classes) {
  const Settings& settings = content.stage.settings;
  std::map<std::string, at::Tensor> trained = weights_of(content, source);
  std::string name = method_of(content.stage);
  model::TrainedHead head = trained_head(content);
  if (!method::make_method(name)->predicts_by_head() || !head.weight.defined())
    throw UsageError(
        fmt::format("{}: {} predicts by more than an adapted image tower and a head, which no model of transformers or "
                    "timm does; {}",
                    source, name, kWayOut));
  std::int64_t count = head.weight.size(0);
  std::vector<std::string> names = classes.empty() ? numbered(count) : classes;
  if (static_cast<std::int64_t>(names.size()) != count)
    throw DataError(fmt::format("{}: its head has {} classes, the data set {}", source, count, names.size()));
  model::ClassifierOptions options = classifier_options(settings, count, backbone);
  options.dtype = settings.text("train.precision") == "fp64" ? at::kDouble : at::kFloat;
  ExportedModel result;
  model::LibraryModel made;
  try {
    made = model::library_model(backbone, options, trained, head, names);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}; {}", error.what(), kWayOut));
  }
  result.snapshot = std::move(made.snapshot);
  view::Normalisation normalisation = put_normalisation(result.snapshot, settings, options.siglip_as_clip);
  std::string kind = settings.text("head");
  Value how = {{"kind", kind}};
  if (!made.classifies) {
    how["file"] = "head.safetensors";
    how["feature"] = made.feature;
    how["logits"] = formula_of(options.head);
    if (options.head == model::HeadKind::cosine) how["scale"] = options.scale;
    result.beside["head"]["weight"] = head.weight;
    if (head.bias.defined()) result.beside["head"]["bias"] = head.bias;
  }
  result.facts = facts_of(content);
  result.facts["library"] = made.library;
  result.facts["loader"] = made.loader;
  result.facts["head"] = how;
  result.facts["classes"] = names;
  result.facts["images"] = {{"size", Preprocessing::from(result.snapshot).image_size},
                            {"view", settings.text("views.test")},
                            {"mean", normalisation.mean},
                            {"std", normalisation.deviation}};
  std::string adapt = settings.text("adapt");
  result.summary = fmt::format(
      "{} of {}; {}; {}", made.loader, made.library,
      adapt == "linear-probe" ? "its tower is the one before training"
                              : fmt::format("what {} trained is merged into its weights, which is exact", adapt),
      made.classifies
          ? fmt::format("its classifier is the trained head, {} classes", count)
          : fmt::format("the trained head ({}, {} classes) lies beside it, in head.safetensors: winnow.json says how "
                        "its logits are computed",
                        kind, count));
  return result;
}

void write_exported(const Path& folder, const ExportedModel& exported) {
  namespace fs = std::filesystem;
  std::error_code absent;
  bool there = fs::exists(fs::symlink_status(folder, absent));
  if (there && (!fs::is_directory(folder, absent) || !fs::is_empty(folder, absent)))
    throw UsageError(fmt::format("{} is there already: name a folder that is not, or is empty", folder.string()));
  Path target = fs::absolute(folder).lexically_normal();
  if (target.filename().empty()) target = target.parent_path();  // FOLDER/
  make_folders(target.parent_path());
  Path part = temporary_beside(target);
  try {
    make_folders(part);
    if (!exported.snapshot.tensors.empty()) model::write_snapshot(part, exported.snapshot);
    for (const auto& [name, tensors] : exported.beside) write_tensors(part / (name + ".safetensors"), tensors);
    write_file_atomically(part / "winnow.json",
                          exported.facts.dump(1, ' ', false, Value::error_handler_t::replace) + "\n");
    std::error_code failed;
    fs::rename(part, target, failed);  // over an empty folder, but over nothing else
    if (failed) throw DeviceError(fmt::format("cannot write {}: {}", target.string(), failed.message()));
    sync_folder(target.parent_path());
  } catch (...) {
    std::error_code stays;
    fs::remove_all(part, stays);
    throw;
  }
}

}  // namespace winnow::train
