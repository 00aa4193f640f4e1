// winnow doctor: is everything here that a sweep needs? One line a check, with what to do where something is missing.
#include <fmt/format.h>
#include <hdf5.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "arguments.h"
#include "commands.h"
#include "data_text.h"
#include "doctor_check.h"
#include "doctor_data.h"
#include "doctor_toolkit.h"
#include "outcome.h"
#include "preset_options.h"
#include "winnow/core/cuda_needs.h"
#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/core/file_state.h"
#include "winnow/core/settings.h"
#include "winnow/core/shell_word.h"
#include "winnow/data/dataset.h"
#include "winnow/data/weights.h"
#include "winnow/fleet/gpus.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

namespace {

constexpr const char* kToolkit = "/usr/local/cuda";  // where launch/setup and the build look

const char* to_string(Check::State state) {
  return state == Check::State::good ? "ok" : state == Check::State::missing ? "missing" : "broken";
}

std::optional<Path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (Path file = Path(folder) / name; ::access(file.c_str(), X_OK) == 0) return file;
  return std::nullopt;
}

// Of what a command says, or complains.
std::string first_line_of(const std::string& command, bool errors = false) {
  FILE* pipe = ::popen((command + (errors ? " 2>&1 >/dev/null" : " 2>/dev/null")).c_str(), "r");
  if (!pipe) return "";
  char line[256] = "";
  if (!std::fgets(line, sizeof line, pipe)) line[0] = 0;
  while (std::fgetc(pipe) != EOF) continue;
  ::pclose(pipe);
  std::string text = line;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Check check_mpi() {
  std::optional<Path> program = find_program("mpirun");
  if (!program)
    return {Check::State::missing, "MPI", "no mpirun in PATH", "apt-get install openmpi-bin (winnow run works alone)"};
  return {Check::State::good, "MPI", fmt::format("{}, {}", first_line_of("mpirun --version"), program->string()), ""};
}

Check check_hdf5() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return {Check::State::good, "HDF5", fmt::format("{}.{}.{}", major, minor, release), ""};
}

Check check_trainer() {
  Path program = executable_folder() / "winnow-train";
  if (::access(program.c_str(), X_OK) == 0) return {Check::State::good, "trainer", program.string(), ""};
  return {Check::State::missing, "trainer", "no " + program.string(),
          "run launch/setup and build with WINNOW_TRAIN=ON; planning and reports work without"};
}

// The driver, then a line each.
void check_gpus(std::vector<Check>& checks) {
  fleet::Gpus gpus = fleet::find_gpus();
  if (!gpus.missing.empty()) {
    checks.push_back({Check::State::missing, "GPUs", gpus.missing, "stages run on CPUs"});
    return;
  }
  std::string driver = fmt::format("driver {}, serves CUDA {}", gpus.driver, cuda_version(gpus.cuda));
  if (gpus.cuda < kCudaNeeded)
    checks.push_back({Check::State::broken, "GPU driver", driver,
                      fmt::format("winnow-train needs CUDA {}: a newer driver", cuda_version(kCudaNeeded))});
  else checks.push_back({Check::State::good, "GPU driver", driver, ""});
  for (const fleet::Gpu& gpu : gpus.list) {
    std::string what =
        fmt::format("{}, {:.1f} of {:.1f} GB used, {} C, {}", gpu.name, static_cast<double>(gpu.used) / 1e9,
                    static_cast<double>(gpu.memory) / 1e9, gpu.temperature, gpu.uuid);
    std::string name = fmt::format("GPU {}", gpu.index);
    if (!gpu.unusable.empty()) checks.push_back({Check::State::broken, name, what, gpu.unusable});
    else if (!gpu.processes.empty())
      checks.push_back(
          {Check::State::good, name, what, fmt::format("process {} computes on it", gpu.processes.front())});
    else checks.push_back({Check::State::good, name, what, ""});
  }
}

// Whether a trainer can load it, by a trainer: libraries of CUDA that are not found are its dynamic linker's to name.
Check check_module() {
  Path module = cuda_module_file(), trainer = executable_folder() / "winnow-train";
  if (!std::filesystem::exists(module))
    return {Check::State::missing, "CUDA module", module.string() + " is not built", kHowToBuildCudaModule};
  if (::access(trainer.c_str(), X_OK) != 0) return {Check::State::good, "CUDA module", module.string(), ""};
  std::string said = first_line_of(shell_word(trainer.string()) + " serve --device cuda </dev/null", /*errors=*/true);
  if (said.find("cannot load") != said.npos || said.find("of another version") != said.npos)
    return {Check::State::broken, "CUDA module", said, kHowToBuildCudaModule};
  return {Check::State::good, "CUDA module", module.string() + ", a trainer loads it", ""};
}

std::string free_space(const Path& folder) {
  std::error_code code;
  auto space = std::filesystem::space(folder, code);
  return code ? "unknown free space" : fmt::format("{:.1f} GB free", static_cast<double>(space.available) / 1e9);
}

// A folder that is there and writable, or that could be made: the nearest existing folder above it is writable.
Check check_folder(const std::string& name, const Path& folder, const std::string& advice) {
  Path existing = std::filesystem::absolute(folder);
  while (!std::filesystem::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  std::string found = fmt::format("{}, {}", folder.string(), free_space(existing));
  if (existing != std::filesystem::absolute(folder)) found += ", will be made";
  if (::access(existing.c_str(), W_OK) == 0) return {Check::State::good, name, found, ""};
  return {Check::State::broken, name, fmt::format("{}: {} is not writable", folder.string(), existing.string()),
          advice};
}

// Why a record, or what it describes, is not as it should be; empty: it is.
template <class Look>
std::string damaged(Look look) {
  try {
    look();
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

bool is_reachable(const Path& path) {
  bool there = false;
  return damaged([&] { there = is_there(path); }).empty() && there;
}

// Those that are here, one line each; those that are not, one line for all.
void check_datasets(const sweep::Catalogue& catalogue, std::vector<Check>& checks) {
  std::size_t absent = 0;
  for (const auto& [name, preset] : catalogue.datasets) {
    std::string command = fmt::format("winnow data check {}{}", name, preset.option());
    std::optional<data::Record> record;
    if (std::string damage = damaged([&] { record = data::read_record(name); }); !damage.empty()) {
      checks.push_back({Check::State::broken, name, damage, command});
    } else if (record && record->preset == preset.digest) {
      data::Manifest manifest = preset.manifest();
      std::string changed = is_reachable(record->root) ? damaged([&] { data::require_unchanged(manifest, *record); })
                                                       : record->root.string() + " is gone";
      if (changed.empty())
        checks.push_back({Check::State::good, name,
                          fmt::format("fingerprint {}, {}", record->fingerprint, record->root.string()), ""});
      else
        checks.push_back(
            {Check::State::broken, name, changed, fmt::format("winnow doctor data {}{}", name, preset.option())});
    } else if (auto root = data::found_root(preset.manifest(), std::nullopt))
      checks.push_back(
          {Check::State::missing, name, fmt::format("no fingerprint record; there is {}", root->string()), command});
    else ++absent;
  }
  if (absent)
    checks.push_back({Check::State::missing, "data sets", fmt::format("{} known ones are not on this machine", absent),
                      "winnow data list, winnow doctor data NAME"});
}

void check_models(const sweep::Catalogue& catalogue, std::vector<Check>& checks) {
  std::size_t absent = 0;
  for (const auto& [name, model] : catalogue.models) {
    if (!model.downloaded()) continue;
    std::optional<data::WeightsRecord> record;
    std::string damage = damaged([&] { record = data::read_weights_record(name); });
    if (record && record->preset != model.digest) record.reset();
    if (damage.empty() && record) damage = data::difference_from(*record);
    if (!damage.empty())
      checks.push_back({Check::State::broken, name, damage,
                        fmt::format("restore it, or winnow model check {}{} --root FOLDER", name, model.option())});
    else if (record)
      checks.push_back({Check::State::good, name,
                        fmt::format("fingerprint {}, {}{}", record->fingerprint, record->root.string(),
                                    record->any_shape ? "; of another shape than the preset's (--any-shape)" : ""),
                        ""});
    else ++absent;
  }
  if (absent)
    checks.push_back({Check::State::missing, "models",
                      fmt::format("weights of {} known ones are not recorded on this machine", absent),
                      "winnow model list, winnow model check NAME --root FOLDER"});
}

void print(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    std::string advice = check.advice.empty() ? "" : "; " + check.advice;
    fmt::print("{:8} {:16} {}{}\n", to_string(check.state), check.name, check.found, advice);
  }
}

void print_json(const std::vector<Check>& checks) {
  Value list = Value::array();
  for (const Check& check : checks)
    list.push_back(
        {{"name", check.name}, {"state", to_string(check.state)}, {"found", check.found}, {"advice", check.advice}});
  fmt::print("{}\n", list.dump(2));
}

}  // namespace

int doctor(int argc, char** argv) {
  Command app(
      "doctor", "Checks that everything is here that a sweep needs.",
      "  winnow doctor                  one line a check, with what to do\n"
      "  winnow doctor --store /big     also: can the store lie there?\n"
      "  winnow doctor data cub-200     where to get it, what belongs where, what is there, missing or changed\n");
  std::string store = "results", dataset, root;
  bool json = false;
  PresetOptions presets;
  app.add_option("--store", store, "the folder of run files")->capture_default_str();
  presets.add_to(app);
  app.add_flag("--json", json, "for scripts");
  CLI::App* about_data = app.add_subcommand(
      "data", "one data set: where to get it, what its layout needs, what of it is there, missing or changed");
  about_data->add_option("NAME", dataset, "the data set")->required();
  about_data->add_option("--root", root, "the folder to look in, instead of those of the preset");
  about_data->add_flag("--json", json, "for scripts");
  presets.add_to(*about_data);
  if (!parse(app, argc, argv)) return kDone;

  sweep::Catalogue catalogue = sweep::Catalogue::built_in({}, presets.read());
  if (about_data->parsed()) {
    data::Manifest manifest = manifest_of(catalogue, dataset);
    return diagnose(manifest, root.empty() ? std::nullopt : std::optional<Path>(root), json) ? kDone : kBroken;
  }
  std::vector<Check> checks = {check_mpi(), check_hdf5(), check_trainer(),
                               check_folder("store", store, "choose another folder with --store"),
                               check_folder("cache", cache_folder(), "set WINNOW_CACHE to a writable folder")};
  check_gpus(checks);
  for (Check& check : toolkit_checks(kToolkit)) checks.push_back(std::move(check));
  checks.push_back(check_module());
  check_datasets(catalogue, checks);
  check_models(catalogue, checks);
  json ? print_json(checks) : print(checks);
  for (const Check& check : checks)
    if (check.state == Check::State::broken) return kBroken;
  return kDone;
}

}  // namespace winnow::cmd
