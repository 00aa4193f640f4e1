// One folder a class: train/<class>/[inside/]*. The class list is the sorted folder names below train.
#include <fmt/format.h>

#include <algorithm>

#include "layout.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

std::vector<std::string> entries(const Path& folder, bool folders) {
  std::error_code code;
  std::vector<std::string> names;
  for (auto entry = std::filesystem::directory_iterator(folder, code); !code && entry != std::filesystem::directory_iterator(); entry.increment(code)) {
    std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && entry->is_directory() == folders) names.push_back(std::move(name));
  }
  if (code) throw DataError(fmt::format("{}: {}", folder.string(), code.message()));
  std::sort(names.begin(), names.end());          // bytewise, as Python's sorted
  return names;
}

}  // namespace

Listing list_folders(const Manifest& manifest, const Path& root) {
  Listing listing;
  const std::string& train = manifest.files.at("train");
  std::vector<std::string> folders = entries(root / train, true);
  // "wnid name, synonyms" for each folder; without the file the folder is the name.
  std::map<std::string, std::string> names;
  if (auto file = manifest.files.find("class_names"); file != manifest.files.end()) {
    Lines lines(root / file->second);
    for (std::string line; lines.next(line);) {
      std::size_t blank = line.find_first_of(" \t");
      if (blank == std::string::npos) lines.fail(fmt::format("expected a folder and its class name, got '{}'", line));
      std::string name = line.substr(line.find_first_not_of(" \t", blank));
      names[line.substr(0, blank)] = name.substr(0, name.find(','));
    }
    listing.read.push_back(file->second);
  }
  for (const std::string& folder : folders) {
    if (names.empty()) {
      listing.classes.push_back(class_name_of(manifest, folder));
      continue;
    }
    auto name = names.find(folder);
    if (name == names.end()) throw DataError(fmt::format("{}: no name for the class {}", (root / manifest.files.at("class_names")).string(), folder));
    listing.classes.push_back(name->second);
  }
  std::string inside = option(manifest, "inside");
  for (auto [split, part] : {std::pair<std::string, Listing::Part*>{"train", &listing.train}, {"test", &listing.test}}) {
    Path top = manifest.files.at(split);
    part->annotation = root / top;
    listing.read.push_back(top);
    for (const std::string& folder : entries(root / top, true)) {
      auto known = std::lower_bound(folders.begin(), folders.end(), folder);
      if (known == folders.end() || *known != folder)
        throw DataError(fmt::format("{}: the class {} is not among those below {}", (root / top).string(), folder, (root / train).string()));
      Path own = inside.empty() ? top / folder : top / folder / inside;
      listing.read.push_back(own);
      for (const std::string& file : entries(root / own, false))
        part->samples.push_back({(own / file).string(), static_cast<std::int64_t>(known - folders.begin())});
    }
  }
  return listing;
}

}  // namespace winnow::data
