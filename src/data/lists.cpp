// Text lists of images: "path label" (ImageNet-LT, Places-LT, WebVision), "id class name" (FGVC-Aircraft), three lists
// joined on an id (CUB-200-2011), and key lists with label tables (Clothing1M).
#include <fmt/format.h>

#include <unordered_map>

#include "layout.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::data {

namespace {

// The line's last column and what stands before it: paths may hold blanks.
std::pair<std::string, std::string> split_last(const std::string& line, const Lines& lines) {
  std::size_t blank = line.find_last_of(" \t");
  std::size_t end = blank == std::string::npos ? blank : line.find_last_not_of(" \t", blank);
  if (end == std::string::npos) lines.fail(fmt::format("expected a path and a label, got '{}'", printable(line, 60)));
  return {line.substr(0, end + 1), line.substr(blank + 1)};
}

std::pair<std::string, std::string> split_first(const std::string& line, const Lines& lines) {
  std::size_t begin = line.find_first_not_of(" \t");  // ids may be right-aligned
  std::size_t blank = line.find_first_of(" \t", begin);
  std::size_t start = blank == std::string::npos ? blank : line.find_first_not_of(" \t", blank);
  if (start == std::string::npos) lines.fail(fmt::format("expected two columns, got '{}'", printable(line, 60)));
  return {line.substr(begin, blank - begin), line.substr(start)};
}

struct Entry {
  std::string value;
  std::size_t line;
};

// id -> value of a two-column list.
std::unordered_map<std::string, Entry> table(const Path& path) {
  std::unordered_map<std::string, Entry> result;
  Lines lines(path);
  for (std::string line; lines.next(line);) {
    auto [id, value] = split_first(line, lines);
    auto [first, fresh] = result.try_emplace(id, Entry{value, lines.number()});
    if (!fresh)
      lines.fail(fmt::format("'{}' for the second time (first in line {})", printable(id), first->second.line));
  }
  return result;
}

struct NumberedImage {
  std::int64_t label;
  std::size_t line;
};

// Which images a label table knows: "path label". A line that says again what an earlier one said is no contradiction.
std::unordered_map<std::string, NumberedImage> labels_by_path(const Path& path) {
  std::unordered_map<std::string, NumberedImage> result;
  Lines lines(path);
  for (std::string line; lines.next(line);) {
    auto [image, text] = split_last(line, lines);
    std::int64_t label = whole_number(text, lines);
    auto [first, fresh] = result.try_emplace(image, NumberedImage{label, lines.number()});
    if (!fresh && first->second.label != label)
      lines.fail(fmt::format("{} has the label {} here and {} in line {}", printable(image), label, first->second.label,
                             first->second.line));
  }
  return result;
}

}  // namespace

Listing list_lines(const Manifest& manifest, const Path& root) {
  Listing listing;
  std::int64_t first = listing.first_label = number_option(manifest, "first_label", 0),
               below = number_option(manifest, "below", 0);
  note_class_list(manifest, root, first, listing);
  for (auto& [split, part] : parts_of(manifest, listing)) {
    part->annotations = {root / manifest.files.at(split)};
    listing.read.emplace_back(manifest.files.at(split));
    Lines lines(part->annotations[0]);
    for (std::string line; lines.next(line);) {
      auto [image, text] = split_last(line, lines);
      std::int64_t label = whole_number(text, lines) - first;
      if (below && label >= below) continue;  // the first classes of a larger set, as WebVision-50
      part->samples.push_back({image_name(manifest, image, split), label, lines.number()});
    }
  }
  if (below && static_cast<std::int64_t>(listing.classes.size()) > below)
    listing.classes.resize(static_cast<std::size_t>(below));
  return listing;
}

Listing list_named_lines(const Manifest& manifest, const Path& root) {
  Listing listing;
  ClassList classes = note_class_list(manifest, root, std::nullopt, listing);
  require_unique_names(classes, manifest);
  std::unordered_map<std::string, std::int64_t> by_name;
  for (std::size_t c = 0; c < classes.names.size(); ++c)
    by_name.emplace(classes.names[c], static_cast<std::int64_t>(c));
  for (auto& [split, part] : parts_of(manifest, listing))
    for (const std::string& role : {split, split + "_2"}) {
      if (!manifest.files.count(role)) continue;
      part->annotations.push_back(root / manifest.files.at(role));
      listing.read.emplace_back(manifest.files.at(role));
      Lines lines(part->annotations.back());
      for (std::string line; lines.next(line);) {
        auto [id, name] = split_first(line, lines);
        auto known = by_name.find(name);
        if (known == by_name.end())
          lines.fail(fmt::format("the class '{}' is not in {}{}", printable(name), manifest.files.at("class_names"),
                                 did_you_mean(name, listing.classes)));
        part->samples.push_back(
            {image_name(manifest, id, split), known->second, lines.number(), part->annotations.size() - 1});
      }
    }
  return listing;
}

Listing list_joined(const Manifest& manifest, const Path& root) {
  Listing listing;
  std::int64_t first = listing.first_label = number_option(manifest, "first_label", 1);
  note_class_list(manifest, root, first, listing);
  Path labels_file = root / manifest.files.at("labels"), split_file = root / manifest.files.at("split");
  auto labels = table(labels_file), parts = table(split_file);
  for (const char* role : {"images", "labels", "split"}) listing.read.emplace_back(manifest.files.at(role));
  Lines lines(root / manifest.files.at("images"));
  listing.train.annotations = listing.test.annotations = {lines.path()};
  std::unordered_map<std::string, std::size_t> seen;
  for (std::string line; lines.next(line);) {
    auto [id, image] = split_first(line, lines);
    if (auto [before, fresh] = seen.try_emplace(id, lines.number()); !fresh)
      lines.fail(fmt::format("'{}' for the second time (first in line {})", printable(id), before->second));
    auto label = labels.find(id), part = parts.find(id);
    if (label == labels.end())
      lines.fail(fmt::format("{} has no label for image {}", labels_file.string(), printable(id)));
    if (part == parts.end() || (part->second.value != "0" && part->second.value != "1"))
      lines.fail(
          fmt::format("{} does not say 0 (test) or 1 (training) for image {}", split_file.string(), printable(id)));
    bool training = part->second.value == "1";
    (training ? listing.train : listing.test)
        .samples.push_back({image_name(manifest, image, training ? "train" : "test"),
                            whole_number(label->second.value, lines) - first, lines.number()});
  }
  return listing;
}

Listing list_keys(const Manifest& manifest, const Path& root) {
  Listing listing;
  std::int64_t first = listing.first_label = number_option(manifest, "first_label", 0);
  note_class_list(manifest, root, first, listing);
  for (auto& [split, part] : parts_of(manifest, listing)) {
    Path labels_file = root / manifest.files.at(split + "_labels");
    auto labels = labels_by_path(labels_file);
    listing.read.emplace_back(manifest.files.at(split + "_labels"));
    listing.read.emplace_back(manifest.files.at(split + "_keys"));
    Lines lines(root / manifest.files.at(split + "_keys"));
    part->annotations = {lines.path()};
    for (std::string line; lines.next(line);) {
      auto label = labels.find(line);
      if (label == labels.end())
        lines.fail(fmt::format("{} has no label for {}", labels_file.string(), printable(line, 60)));
      part->samples.push_back({image_name(manifest, line, split), label->second.label - first, lines.number()});
    }
  }
  return listing;
}

}  // namespace winnow::data
