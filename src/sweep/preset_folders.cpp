#include "winnow/sweep/preset_folders.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "built_in.h"
#include "preset_name.h"
#include "winnow/core/error.h"
#include "winnow/core/folder.h"
#include "winnow/core/printable.h"

namespace winnow::sweep {

namespace {

const std::vector<std::string> kKinds = {"methods", "models", "datasets"};
constexpr std::string_view kEnding = ".toml";

// What is there, by name, without what file managers and editors leave behind.
std::vector<Path> entries_of(const Path& folder) {
  std::vector<Path> entries;
  std::error_code code;
  for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code))
    if (!entry->path().filename().string().starts_with('.')) entries.push_back(entry->path());
  if (code) throw UsageError(fmt::format("presets: {}: {}", printable(folder.string()), code.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool is_folder(const Path& path) {
  std::error_code absent;
  return std::filesystem::is_directory(path, absent);
}

bool is_a_preset(const Path& file) { return file.extension() == kEnding; }

// TOML, TML, birds.toml.txt: not a preset, and surely meant as one.
bool looks_like_a_preset(const Path& file) {
  std::string name = file.filename().string(), ending = file.extension().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == kEnding || ending == ".tml" || name.find(std::string(kEnding) + ".") != std::string::npos;
}

// KIND/NAME.toml of winnow's own; null: there is none.
const BuiltIn* built_in(const std::string& path) {
  for (const BuiltIn& preset : built_in_presets())
    if (preset.path == "sweeps/presets/" + path) return &preset;
  return nullptr;
}

PresetFile read(const Path& file, const Path& folder) {
  try {
    return {file.string(), folder.string(), read_file(file)};
  } catch (const DataError& error) {
    throw UsageError(fmt::format("presets: {}", error.what()));
  }
}

class Reading {
 public:
  explicit Reading(const Path& folder) : folder_(folder) {}

  std::vector<PresetFile> all() {
    require_folder("presets:", folder_);
    if (is_folder(folder_ / "presets"))  // somebody named the folder above
      throw UsageError(fmt::format("presets: {} holds a folder of presets: name that (did you mean '{}'?)",
                                   printable(folder_.string()), printable((folder_ / "presets").string())));
    bool any = false;
    for (const Path& entry : entries_of(folder_)) {
      std::string name = entry.filename().string();
      if (std::find(kKinds.begin(), kKinds.end(), name) != kKinds.end() && is_folder(entry))
        any = true, read_kind(entry, name);
      else require_harmless(entry, name);
    }
    if (!any)
      throw UsageError(fmt::format("presets: {} holds none of the folders {}", printable(folder_.string()),
                                   fmt::join(kKinds, ", ")));
    return std::move(files_);
  }

 private:
  // Beside the three folders there may be what explains them.
  void require_harmless(const Path& entry, const std::string& name) const {
    std::string where = printable(entry.string());
    if (is_folder(entry))
      throw UsageError(fmt::format("presets: {}: presets lie in folders {}{}", where, fmt::join(kKinds, ", "),
                                   did_you_mean(name, kKinds)));
    if (const BuiltIn* own = built_in(name); own && read(entry, folder_).text == own->text) return;
    if (is_a_preset(entry) || looks_like_a_preset(entry))
      throw UsageError(
          fmt::format("presets: {}: a preset lies in one of the folders {}", where, fmt::join(kKinds, ", ")));
  }

  void read_kind(const Path& folder, const std::string& kind) {
    bool any = false;
    for (const Path& entry : entries_of(folder)) {
      if (is_folder(entry)) continue;  // data and weights may lie beside their presets
      std::string where = printable(entry.string());
      if (!is_a_preset(entry)) {
        if (looks_like_a_preset(entry))
          throw UsageError(fmt::format("presets: {}: a preset's file is called NAME.toml", where));
        continue;
      }
      any = true;
      PresetFile file = read(entry, folder_);
      if (const BuiltIn* own = built_in(kind + "/" + entry.filename().string())) {
        if (own->text == file.text) continue;
        throw UsageError(fmt::format(
            "presets: {}: winnow has a preset of its own of that name, {}, and this one differs: give it another name",
            where, own->path));
      }
      if (!is_preset_name(entry.stem().string())) throw UsageError(fmt::format("presets: {}: {}", where, kPresetNames));
      files_.push_back(std::move(file));
    }
    if (!any)
      throw UsageError(fmt::format("presets: {} holds no preset: none of its files is called NAME.toml",
                                   printable(folder.string())));
  }

  const Path& folder_;
  std::vector<PresetFile> files_;
};

}  // namespace

std::vector<PresetFile> read_preset_folders(const std::vector<Path>& folders) {
  std::vector<PresetFile> result;
  std::vector<Path> seen;
  for (const Path& folder : folders) {
    std::error_code absent;
    Path same = std::filesystem::canonical(folder, absent);
    if (!absent && std::find(seen.begin(), seen.end(), same) != seen.end()) continue;  // named twice
    seen.push_back(same);
    std::vector<PresetFile> files = Reading(folder).all();
    result.insert(result.end(), std::make_move_iterator(files.begin()), std::make_move_iterator(files.end()));
  }
  return result;
}

}  // namespace winnow::sweep
