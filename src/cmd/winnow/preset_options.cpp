#include "preset_options.h"

#include <cstdlib>
#include <sstream>

#include "winnow/core/folder.h"

namespace winnow::cmd {

void PresetOptions::add_to(CLI::App& app) {
  app.add_option(
         "--presets", folders,
         "a folder of presets of your own (methods/, models/, datasets/), besides those of $WINNOW_PRESETS and of "
         "a folder `presets` beside the sweep; may be repeated")
      ->allow_extra_args(false);
}

std::vector<Path> PresetOptions::named() const {
  std::vector<Path> all(folders.begin(), folders.end());
  for (const Path& folder : all) require_folder("--presets", folder);
  const char* variable = std::getenv("WINNOW_PRESETS");
  std::istringstream list(variable ? variable : "");
  for (std::string folder; std::getline(list, folder, ':');)
    if (!folder.empty()) require_folder("$WINNOW_PRESETS:", folder), all.push_back(folder);
  return all;
}

std::vector<sweep::PresetFile> PresetOptions::read(const std::string& sweep) const {
  std::vector<Path> all = named();
  std::error_code absent;
  if (!sweep.empty())
    if (Path beside = Path(sweep).parent_path() / "presets"; std::filesystem::exists(beside, absent))
      all.insert(all.begin(), beside);
  return sweep::read_preset_folders(all);
}

}  // namespace winnow::cmd
