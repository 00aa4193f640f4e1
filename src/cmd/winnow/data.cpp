// winnow data: which data sets this machine has. `check` reads every file once and records its fingerprint; everything
// else goes by that record.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>

#include "arguments.h"
#include "commands.h"
#include "data_text.h"
#include "outcome.h"
#include "preset_options.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"
#include "winnow/data/masks.h"
#include "winnow/data/scores.h"
#include "winnow/data/shot_lists.h"
#include "winnow/data/template_file.h"
#include "winnow/store/foreign_array.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

namespace {

void list(const sweep::Catalogue& catalogue, bool json) {
  Value all = Value::array();
  for (const auto& [name, preset] : catalogue.datasets) {
    auto record = data::read_record(name);
    if (record && record->preset != preset.digest) record.reset();  // of another preset of this name
    std::string brought = preset.from_outside() ? "; preset " + preset.source : "";
    if (json) {
      all.push_back(record ? to_json(*record) : Value{{"name", name}, {"fingerprint", nullptr}});
      all.back()["preset"] = preset.source;
    } else if (record) {
      fmt::print("{:20} {} training and {} test images of {} classes, in {}{}\n", name, record->train, record->test,
                 record->classes.size(), record->root.string(), brought);
    } else {
      data::Manifest manifest = preset.manifest();
      std::string origin = !manifest.package.empty()    ? "package " + manifest.package
                           : !manifest.download.empty() ? manifest.download
                                                        : fmt::format("{}", fmt::join(manifest.roots, " or "));
      fmt::print("{:20} not checked here ({}): winnow data check {}{}{}\n", name, origin, name, preset.option(),
                 brought);
    }
  }
  if (json) fmt::print("{}\n", all.dump(2));
}

// Progress on standard error, and only on a terminal.
void show_progress(std::string_view what, double done) {
  if (!::isatty(STDERR_FILENO)) return;
  fmt::print(stderr, "\r{:40} {:3.0f} %{}", what, 100 * done, done >= 1 ? "\n" : "");
  std::fflush(stderr);
}

void check(const data::Manifest& manifest, const std::optional<Path>& folder, bool json) {
  data::Record record = data::check(manifest, folder, show_progress);
  if (json) {
    fmt::print("{}\n", to_json(record).dump(2));
    return;
  }
  std::string size = record.height ? fmt::format("of {} x {} ", record.height, record.width) : "";
  fmt::print("{}: {} training and {} test images {}in {}; fingerprint {}\n", manifest.name, record.train, record.test,
             size, record.root.string(), record.fingerprint);
  if (!record.skipped.empty())
    fmt::print("{} images do not decode and are left out, {} first\n", record.skipped.size(), record.skipped[0]);
  print_labels(record);
  print_notes(record);
}

data::Record record_of(const std::string& dataset, const char* command) {
  auto record = data::read_record(dataset);
  if (!record)
    throw UsageError(
        fmt::format("{0}: no fingerprint of {1} on this machine: run `winnow data check {1}` once", command, dataset));
  return *record;
}

// `file`: HDF5, one row a training sample.
void scores(const std::string& name, const std::string& file, const std::string& array, const std::string& dataset) {
  data::Record record = record_of(dataset, "data scores");
  store::ForeignArray found = store::read_foreign_array(file, array);
  data::ScoreRecord kept = data::record_scores(name, record, found.values, found.shape);
  fmt::print("{}: {} x {} scores of {}; fingerprint {}; a sweep names them by labels.scores = \"{}\"\n", name,
             kept.samples, kept.classes, dataset, kept.fingerprint, name);
  if (!kept.note.empty()) fmt::print("note     {}\n", kept.note);
}

// `file`: a JSON list, or HDF5.
void masks(const std::string& name, const std::string& file, const std::string& array, const std::string& dataset) {
  data::Record record = record_of(dataset, "data masks");
  store::ForeignArray found;
  if (Path(file).extension() == ".json") {
    found.values = data::parse_mask(read_file(file), file);
    found.shape = {found.values.size()};
  } else {
    found = store::read_foreign_array(file, array);
  }
  data::MaskRecord kept = data::record_mask(name, record, found.values, found.shape);
  fmt::print(
      "{}: keeps {} of the {} training samples of {}; fingerprint {}; a sweep names it by detect = {{ method = "
      "\"file\", mask = \"{}\" }}\n",
      name, kept.kept, kept.samples, dataset, kept.fingerprint, name);
}

}  // namespace

int data(int argc, char** argv) {
  Command app(
      "data", "Data sets on this machine.",
      "  winnow data list\n"
      "  winnow doctor data cub-200                         where to get it, what belongs where, what is there\n"
      "  winnow data check fashion-mnist                    after installing it, and after it changed\n"
      "  winnow data check fashion-mnist --root /big/fmnist\n"
      "  winnow data check birds --presets birds-sweep/presets            a data set of your own: docs/data.md\n"
      "  winnow data scores teacher logits.h5 --dataset fashion-mnist     another model's logits, for labels.scores\n"
      "  winnow data masks promix mask.json --dataset cifar-100n          another program's selection, for "
      "detect.mask\n"
      "  winnow data shots coop-4-1 fewshot_4_1.json --dataset eurosat    few labelled images, for data.shot_list\n"
      "  winnow data templates llm eurosat.json --dataset eurosat         class texts, for template = \"llm\"\n"
      "  winnow data templates gpt3 descriptors_pets.json --dataset oxford-pets --descriptors\n");
  std::string name, root, file, array = "logits", dataset;
  bool json = false;
  data::TemplateReading reading;
  app.require_subcommand(1);
  CLI::App* listing = app.add_subcommand("list", "the known data sets and what is recorded of them");
  CLI::App* checking = app.add_subcommand("check", "reads every file, verifies it and records the fingerprint");
  checking->add_option("NAME", name, "the data set")->required();
  checking->add_option("--root", root, "the folder to look in, instead of those of the preset");
  CLI::App* scoring = app.add_subcommand(
      "scores", "records another model's scores of the training samples, an N x C array in an HDF5 file");
  scoring->add_option("NAME", name, "what sweeps call them")->required();
  scoring->add_option("FILE", file, "the HDF5 file")->required();
  scoring->add_option("--dataset", dataset, "the data set that they are of, rows in its order")->required();
  scoring->add_option("--array", array, "the data set in the file")->capture_default_str();
  CLI::App* masking = app.add_subcommand(
      "masks",
      "records which training samples another program took for clean: a JSON list of true and false or 1 and 0, or an "
      "array of ones and zeros in an HDF5 file");
  std::string mask_array = "mask";
  masking->add_option("NAME", name, "what sweeps call it")->required();
  masking->add_option("FILE", file, "the file: .json, or HDF5")->required();
  masking->add_option("--dataset", dataset, "the data set that it is of, in its order")->required();
  masking->add_option("--array", mask_array, "the data set in an HDF5 file")->capture_default_str();
  CLI::App* choosing = app.add_subcommand("shots",
                                          "records which few training images are labelled, as CoOp's users keep them "
                                          "(fewshot_{n}_{seed}.json): a JSON list "
                                          "of places in the training set");
  choosing->add_option("NAME", name, "what sweeps call it")->required();
  choosing->add_option("FILE", file, "the JSON file")->required();
  choosing->add_option("--dataset", dataset, "the data set that it is of, in its order")->required();
  CLI::App* wording = app.add_subcommand(
      "templates",
      "records class texts written for a data set (winnow/data/template_file.h describes the format),\n"
      "or published as {class: [texts]}; case, blanks, underscores and hyphens of names do not matter");
  wording->add_option("NAME", name, "what sweeps call them")->required();
  wording->add_option("FILE", file, "the JSON file")->required();
  wording->add_option("--dataset", dataset, "the data set whose classes they are of")->required();
  wording->add_flag("--descriptors", reading.descriptors,
                    "a file {class: [texts]} holds descriptors (classify_by_description): \"two legs\" becomes \"NAME, "
                    "which has two legs\"");
  wording->add_flag("--ignore-unknown", reading.ignore_unknown,
                    "leaves out texts of classes that the data set does not have");
  PresetOptions presets;
  for (CLI::App* sub : {listing, checking}) {
    sub->add_flag("--json", json, "for scripts");
    presets.add_to(*sub);
  }
  if (!parse(app, argc, argv)) return kDone;

  if (scoring->parsed()) {
    scores(name, file, array, dataset);
    return kDone;
  }
  if (masking->parsed()) {
    masks(name, file, mask_array, dataset);
    return kDone;
  }
  if (choosing->parsed()) {
    data::ShotListRecord kept = data::record_shot_list(name, record_of(dataset, "data shots"), file);
    fmt::print(
        "{}: {} labelled images of {}; fingerprint {}; a sweep names it by data = {{ shots = N, shot_list = \"{}\" "
        "}}\n",
        name, kept.images, dataset, kept.fingerprint, name);
    return kDone;
  }
  if (wording->parsed()) {
    print_templates(data::record_templates(name, record_of(dataset, "data templates"), file, reading));
    return kDone;
  }
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({}, presets.read());
  std::optional<Path> folder = root.empty() ? std::nullopt : std::optional<Path>(root);
  if (listing->parsed()) list(catalogue, json);
  else check(manifest_of(catalogue, name), folder, json);
  return kDone;
}

}  // namespace winnow::cmd
