// One folder a class: train/<class>/[inside/]*. The class list is the sorted folder names below train.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "file_kind.h"
#include "layout.h"
#include "left_behind.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"

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
    line.erase(0, line.find_first_not_of(" \t"));
    std::size_t blank = line.find_first_of(" \t");
    if (blank == std::string::npos)
      lines.fail(fmt::format("expected a folder and its class name, got '{}'", printable(line, 60)));
    std::string folder = line.substr(0, blank), name = line.substr(line.find_first_not_of(" \t", blank));
    name.resize(std::min(name.find(','), name.size()));
    if (std::string fault = fault_of_name(name); !fault.empty()) lines.fail("the class name " + fault);
    auto [first, fresh] = found.try_emplace(folder, Named{name, lines.number()});
    if (!fresh && first->second.name != name)
      lines.fail(fmt::format("the folder {} is called '{}' here and '{}' in line {}", printable(folder),
                             printable(name), printable(first->second.name), first->second.line));
  }
  if (found.empty()) throw DataError(fmt::format("{}: no class names: the file is empty", file.string()));
  std::map<std::string, std::string> names;
  for (auto& [folder, named] : found) names[folder] = std::move(named.name);
  return names;
}

bool is_image_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr const char* kEndings[] = {".jpg", ".jpeg", ".jfif", ".png",  ".bmp",
                                      ".gif", ".webp", ".tif",  ".tiff", ".ppm"};
  return std::any_of(std::begin(kEndings), std::end(kEndings),
                     [&](const char* ending) { return name.ends_with(ending); });
}

// Images where this layout does not look: they are named: whoever put them there expects them to be used.
class Unread {
 public:
  void add(const Path& folder, const std::vector<std::string>& files) {
    for (const std::string& file : files)
      if (is_image_name(file) && count_++ == 0) first_ = (folder / file).string();
  }
  // One level deeper. What cannot be listed there is no fault of the data set: it is not read.
  void add_below(const Path& root, const Path& folder, const std::vector<std::string>& folders) {
    for (const std::string& inner : folders) {
      std::error_code code;
      std::vector<std::string> files;
      for (auto entry = std::filesystem::directory_iterator(root / folder / inner, code);
           !code && entry != std::filesystem::directory_iterator(); entry.increment(code))
        files.push_back(entry->path().filename().string());
      std::sort(files.begin(), files.end());
      std::erase_if(files, [](const std::string& file) { return is_left_behind(file); });
      add(folder / inner, files);
    }
  }
  // " (3 images lie elsewhere ...)"; empty without any.
  std::string text(const std::string& inside) const {
    return count_ ? fmt::format("{} image{} no class folder{} and {} not read (first: {})", count_,
                                count_ == 1 ? " lies directly in" : "s lie directly in",
                                inside.empty() ? "" : "'s " + inside, count_ == 1 ? "is" : "are", first_)
                  : "";
  }

 private:
  std::size_t count_ = 0;
  std::string first_;
};

// A folder without any image would be a class of its own, and shift the labels of all that follow.
void require_images(const std::vector<std::string>& folders, const Listing& listing, const Path& top,
                    const std::string& unread) {
  std::vector<bool> filled(folders.size());
  for (const Listing::Part* part : {&listing.train, &listing.test})
    for (const Sample& sample : part->samples) filled[static_cast<std::size_t>(sample.label)] = true;
  for (std::size_t c = 0; c < folders.size(); ++c)
    if (!filled[c])
      throw DataError(fmt::format(
          "{} holds no image, nor do the test images have this class: remove the folder, or put its images there{}",
          (top / folders[c]).string(), unread.empty() ? "" : "; " + unread));
}

// The folders of classes, in the order of their classes: by name, or by the number that each of them is called.
std::vector<std::string> class_folders(const Manifest& manifest, const Path& top) {
  std::vector<std::string> folders = names_in(top, true);
  std::string order = option(manifest, "order", "name");
  if (order == "name") return folders;
  if (order != "number")
    throw UsageError(fmt::format("{}: options.order must be name or number, got '{}'", manifest.source, order));
  for (std::size_t c = 0; c < folders.size(); ++c)
    if (std::find(folders.begin(), folders.end(), std::to_string(c)) == folders.end())
      throw DataError(
          fmt::format("{}: {} folders, but none is called {}: options.order = number wants the numbers of "
                      "the classes, from 0",
                      top.string(), folders.size(), c));
  std::size_t count = folders.size();
  folders.clear();
  for (std::size_t c = 0; c < count; ++c) folders.push_back(std::to_string(c));
  return folders;
}

}  // namespace

Listing list_folders(const Manifest& manifest, const Path& root) {
  Listing listing;
  const std::string& train = manifest.files.at(manifest.test_only ? "test" : "train");
  std::vector<std::string> folders = class_folders(manifest, root / train);
  std::map<std::string, std::string> names;  // empty: the folder is the name
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
    if (name == names.end())
      throw DataError(
          fmt::format("{}: no name for the class {}", (root / manifest.files.at("class_names")).string(), folder));
    listing.classes.push_back(name->second);
  }
  std::string inside = option(manifest, "inside");
  Unread unread;
  for (auto& [split, part] : parts_of(manifest, listing)) {
    Path top = manifest.files.at(split);
    part->annotations = {root / top};
    listing.read.push_back(top);
    Names classes = names_in(root / top);
    unread.add(top, classes.files);
    for (const std::string& folder : classes.folders) {
      auto known = std::find(folders.begin(), folders.end(), folder);
      if (known == folders.end())
        throw DataError(fmt::format("{}: the class {} is not among those below {}", (root / top).string(), folder,
                                    (root / train).string()));
      Path own = inside.empty() ? top / folder : top / folder / inside;
      listing.read.push_back(own);
      Names images = names_in(root / own);
      for (const std::string& file : images.files)
        part->samples.push_back({(own / file).string(), static_cast<std::int64_t>(known - folders.begin())});
      unread.add_below(root, own, images.folders);
      if (!inside.empty()) unread.add(top / folder, names_in(root / top / folder, false));
    }
  }
  std::string left = unread.text(inside);
  if (folders.empty())
    throw DataError(fmt::format("{}: no folder in it; this layout wants one folder a class{}", (root / train).string(),
                                left.empty() ? "" : "; " + left));
  require_images(folders, listing, root / train, left);
  if (!left.empty()) listing.notes.push_back(left);
  return listing;
}

}  // namespace winnow::data
