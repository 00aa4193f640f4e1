// One folder a class: train/<class>/[inside/]*. The class list is the sorted folder names below train.
#include <fmt/format.h>

#include <algorithm>

#include "file_kind.h"
#include "json_file.h"
#include "layout.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

// "wnid name, synonyms" for each folder.
std::map<std::string, std::string> names_by_folder(const Path& file) {
  struct Named {
    std::string name;
    std::size_t line;
  };
  std::map<std::string, Named> found;
  Lines lines(file);
  for (std::string line; lines.next(line);) {
    std::size_t blank = line.find_first_of(" \t");
    if (blank == std::string::npos) lines.fail(fmt::format("expected a folder and its class name, got '{}'", shown(line)));
    std::string folder = line.substr(0, blank), name = line.substr(line.find_first_not_of(" \t", blank));
    name.resize(std::min(name.find(','), name.size()));
    auto [first, fresh] = found.try_emplace(folder, Named{name, lines.number()});
    if (!fresh && first->second.name != name)
      lines.fail(fmt::format("the folder {} is called '{}' here and '{}' in line {}", shown(folder), shown(name), shown(first->second.name),
          first->second.line));
  }
  std::map<std::string, std::string> names;
  for (auto& [folder, named] : found) names[folder] = std::move(named.name);
  return names;
}

// A folder without any picture would be a class of its own, and shift the labels of all that follow.
void require_pictures(const std::vector<std::string>& folders, const Listing& listing, const Path& top) {
  std::vector<bool> filled(folders.size());
  for (const Listing::Part* part : {&listing.train, &listing.test})
    for (const Sample& sample : part->samples) filled[static_cast<std::size_t>(sample.label)] = true;
  for (std::size_t c = 0; c < folders.size(); ++c)
    if (!filled[c])
      throw DataError(fmt::format("{} holds no picture, nor do the test pictures have this class: remove the folder, or put its pictures there", (top / folders[c]).string()));
}

}  // namespace

Listing list_folders(const Manifest& manifest, const Path& root) {
  Listing listing;
  const std::string& train = manifest.files.at("train");
  std::vector<std::string> folders = names_in(root / train, true);
  std::map<std::string, std::string> names;       // empty: the folder is the name
  if (auto file = manifest.files.find("class_names"); file != manifest.files.end()) {
    names = names_by_folder(root / file->second);
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
  for (auto& [split, part] : parts_of(listing)) {
    Path top = manifest.files.at(split);
    part->annotations = {root / top};
    listing.read.push_back(top);
    for (const std::string& folder : names_in(root / top, true)) {
      auto known = std::lower_bound(folders.begin(), folders.end(), folder);
      if (known == folders.end() || *known != folder)
        throw DataError(fmt::format("{}: the class {} is not among those below {}", (root / top).string(), folder, (root / train).string()));
      Path own = inside.empty() ? top / folder : top / folder / inside;
      listing.read.push_back(own);
      for (const std::string& file : names_in(root / own, false))
        part->samples.push_back({(own / file).string(), static_cast<std::int64_t>(known - folders.begin())});
    }
  }
  require_pictures(folders, listing, root / train);
  return listing;
}

}  // namespace winnow::data
