#include "sweep_options.h"

#include <fmt/format.h>

#include "check_prompts.h"
#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/core/folder.h"
#include "winnow/data/dataset.h"
#include "winnow/report/claims.h"

namespace winnow::cmd {

void StoreOptions::add_to(CLI::App& app) {
  named_ = app.add_option("--store", store, "the folder of run files")->capture_default_str();
  app.add_option("--reference", references, "a further store that is only read; may be repeated")
      ->allow_extra_args(false);
}

void OwnStore::add_to(CLI::App& app) {
  app.add_option("--store", folder, "the folder of run files")->capture_default_str();
  app.add_flag("--json", json, "for scripts");
}

store::Store OwnStore::open() const {
  require_folder("--store", folder);
  return store::Store(folder);
}

store::Store StoreOptions::open() const {
  std::error_code absent;
  if (std::filesystem::exists(store, absent)) require_folder("--store", store);
  return store::Store(store, read_only());
}

store::Store StoreOptions::open_to_read() const {
  if (named_->count() > 0) require_folder("--store", store);
  for (const std::string& reference : references) require_folder("--reference", reference);
  return open();
}

std::vector<Path> StoreOptions::read_only() const {
  std::vector<Path> folders(references.begin(), references.end());
  Path committed = executable_folder() / ".." / ".." / "results" / "reference";
  if (folders.empty() && std::filesystem::is_directory(committed))
    folders.push_back(std::filesystem::canonical(committed));
  return folders;
}

namespace {

std::vector<std::string> datasets_of(const sweep::Plan& plan) {
  std::vector<Value> values = plan.values("dataset");
  if (values.empty()) values.push_back(plan.settings(0).at("dataset"));
  std::vector<std::string> names;
  for (const Value& value : values) names.push_back(value.get<std::string>());
  return names;
}

}  // namespace

std::vector<std::string> notes_on(const sweep::Plan& plan) {
  std::vector<std::string> notes = plan.notes();
  for (const std::string& departure : plan.departures()) notes.push_back(departure);
  for (const std::string& name : datasets_of(plan))
    if (auto record = data::read_record(name))
      for (const std::string& note : record->notes) notes.push_back(name + ": " + note);
  return notes;
}

void SweepOptions::add_to(CLI::App& app) {
  app.add_option("SWEEP", file, "the sweep file")->required();
  app.add_option("--set", sets, "KEY=VALUE above all else, as TOML writes it; may be repeated")
      ->allow_extra_args(false);
  presets.add_to(app);
}

void SweepsOptions::add_to(CLI::App& app, const std::string& what) {
  app.add_option("SWEEP", files, what)->required();
  app.add_option("--set", sets,
                 "KEY=VALUE above all else, as TOML writes it; may be repeated; holds in every sweep, and one that "
                 "cannot have the setting is refused")
      ->allow_extra_args(false);
  presets.add_to(app);
}

SweepOptions SweepsOptions::one(const std::string& file) const { return {file, sets, presets}; }

namespace {

// Whose fault it is, where the message does not say so itself ("--set train.epoch=1: ...").
template <class Failure>
[[noreturn]] void throw_of(const std::string& file, const Failure& failure) {
  std::string text = failure.what();
  if (text.find(file) != std::string::npos) throw failure;
  throw Failure(fmt::format("{}: {}", file, text));
}

}  // namespace

std::vector<sweep::Plan> SweepsOptions::plans(sweep::Plan (SweepOptions::*plan)() const) const {
  std::vector<sweep::Plan> plans;
  for (const std::string& file : files) {
    if (files.size() == 1) {
      plans.push_back((one(file).*plan)());
      continue;
    }
    try {
      plans.push_back((one(file).*plan)());
    } catch (const UsageError& error) {
      throw_of(file, error);
    } catch (const DataError& error) {
      throw_of(file, error);
    }
    for (std::size_t other = 0; other + 1 < plans.size(); ++other)
      if (plans[other].name() == plans.back().name())
        throw UsageError(files[other] == file
                             ? fmt::format("{} is named twice", file)
                             : fmt::format("{} and {} are both called '{}': give each sweep of a run a name of its own "
                                           "(its entry `name`)",
                                           files[other], file, plans.back().name()));
  }
  return plans;
}

sweep::Catalogue SweepOptions::catalogue() const { return sweep::Catalogue::on_this_machine(presets.read(file)); }
sweep::Plan SweepOptions::plan() const { return sweep::Plan::read(file, catalogue(), sets); }

sweep::Plan SweepOptions::plan_to_run() const { return checked(sweep::Absent::refuse); }
sweep::Plan SweepOptions::plan_with_holes() const { return checked(sweep::Absent::leave_open); }

sweep::Plan SweepOptions::checked(sweep::Absent absent) const {
  sweep::Catalogue catalogue = this->catalogue();
  sweep::Plan plan = sweep::Plan::read(file, catalogue, sets, absent);
  report::check_claims(plan);
  for (const std::string& name : datasets_of(plan)) {
    const sweep::Dataset& preset = catalogue.datasets.at(name);
    if (auto record = data::read_record(preset.name); record && !preset.other_record)
      data::require_unchanged(preset.manifest(), *record);
  }
  check_prompts(plan, catalogue);
  return plan;
}

}  // namespace winnow::cmd
