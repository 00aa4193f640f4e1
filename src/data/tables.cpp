// Annotations in JSON and CSV: CoOp's split files, lists of objects, tables with a header. A label is a number, or a class name
// where class names are known.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "layout.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

Value read_json(const Path& path) {
  Value json = Value::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw DataError(fmt::format("{}: no valid JSON", path.string()));
  return json;
}

std::vector<std::pair<std::string, Listing::Part*>> splits(Listing& listing) { return {{"train", &listing.train}, {"test", &listing.test}}; }

void note_class_names(const Manifest& manifest, const Path& root, Listing& listing) {
  listing.classes = manifest.classes.empty() ? class_names(manifest, root) : manifest.classes;
  if (auto file = manifest.files.find("class_names"); file != manifest.files.end()) listing.read.emplace_back(file->second);
}

// Bytes of a file in a message of one line.
std::string shown(const std::string& text) { return Value(text).dump(-1, ' ', false, Value::error_handler_t::replace); }

// -1: neither a number nor a known name.
std::int64_t label_of(const std::string& text, const std::vector<std::string>& classes, std::int64_t first) {
  auto known = std::find(classes.begin(), classes.end(), text);
  if (known != classes.end()) return known - classes.begin();
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos) return -1;
  return std::stoll(text) - first;
}

// One line of comma-separated values, quotes doubled inside quotes (RFC 4180, without line breaks inside fields).
std::vector<std::string> fields_of(const std::string& line, const Lines& lines) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') fields.back() += line[++i];
    else if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) fields.emplace_back();
    else fields.back() += c;
  }
  if (quoted) lines.fail("a quote that does not end");
  return fields;
}

}  // namespace

// One object with train, val, test; each a list of [path, label, class name]. The classes are those of train.
Listing list_split_json(const Manifest& manifest, const Path& root) {
  Listing listing;
  Path path = root / manifest.files.at("split");
  listing.read.emplace_back(manifest.files.at("split"));
  Value json = read_json(path);
  std::map<std::int64_t, std::string> names;
  for (auto [split, part] : splits(listing)) {
    part->annotation = path;
    if (!json.is_object() || !json.contains(split) || !json[split].is_array()) throw DataError(fmt::format("{}: '{}' must be a list", path.string(), split));
    std::size_t position = 0;
    for (const Value& entry : json[split]) {
      std::string where = fmt::format("{}: {}[{}]", path.string(), split, position++);
      if (!entry.is_array() || entry.size() != 3 || !entry[0].is_string() || !entry[1].is_number_integer() || !entry[2].is_string())
        throw DataError(fmt::format("{} must be [path, label, class name], got {}", where, entry.dump()));
      auto label = entry[1].get<std::int64_t>();
      std::string name = entry[2].get<std::string>();
      if (split == "train") names.emplace(label, name);
      auto known = names.find(label);
      if (known == names.end()) throw DataError(fmt::format("{}: label {} does not occur in train", where, label));
      if (known->second != name) throw DataError(fmt::format("{}: label {} is {} here and {} before", where, label, Value(name).dump(), Value(known->second).dump()));
      part->samples.push_back({picture_name(manifest, entry[0].get<std::string>(), split), label, position});
    }
  }
  for (const auto& [label, name] : names) {
    if (label != static_cast<std::int64_t>(listing.classes.size()))
      throw DataError(fmt::format("{}: the labels of train are not 0..{}", path.string(), names.size() - 1));
    listing.classes.push_back(name);
  }
  return listing;
}

Listing list_csv(const Manifest& manifest, const Path& root) {
  Listing listing;
  note_class_names(manifest, root, listing);
  for (auto [split, part] : splits(listing)) {
    part->annotation = root / manifest.files.at(split);
    listing.read.emplace_back(manifest.files.at(split));
    Lines lines(part->annotation);
    std::string line;
    if (!lines.next(line)) throw DataError(fmt::format("{}: the file is empty", part->annotation.string()));
    std::vector<std::string> header = fields_of(line, lines);
    auto column = [&](const char* key, const char* fallback) {
      std::string name = option(manifest, key, fallback);
      auto found = std::find(header.begin(), header.end(), name);
      if (found == header.end()) lines.fail(fmt::format("no column '{}'{}", name, did_you_mean(name, header)));
      return static_cast<std::size_t>(found - header.begin());
    };
    std::size_t path = column("path_column", "path"), label = column("label_column", "label");
    while (lines.next(line)) {
      std::vector<std::string> fields = fields_of(line, lines);
      if (fields.size() != header.size()) lines.fail(fmt::format("{} columns, the header has {}", fields.size(), header.size()));
      std::int64_t own = label_of(fields[label], listing.classes, number_option(manifest, "first_label", 0));
      if (own < 0) lines.fail(fmt::format("{} is neither a label nor a class name{}", shown(fields[label]), did_you_mean(fields[label], listing.classes)));
      part->samples.push_back({picture_name(manifest, fields[path], split), own, lines.number()});
    }
  }
  return listing;
}

// A list of objects with a path and a label.
Listing list_json(const Manifest& manifest, const Path& root) {
  Listing listing;
  note_class_names(manifest, root, listing);
  std::string path_key = option(manifest, "path_key", "path"), label_key = option(manifest, "label_key", "label");
  for (auto [split, part] : splits(listing)) {
    part->annotation = root / manifest.files.at(split);
    listing.read.emplace_back(manifest.files.at(split));
    Value json = read_json(part->annotation);
    if (!json.is_array()) throw DataError(fmt::format("{}: expected a list of objects", part->annotation.string()));
    std::size_t position = 0;
    for (const Value& entry : json) {
      std::string where = fmt::format("{}: [{}]", part->annotation.string(), position++);
      if (!entry.is_object() || !entry.contains(path_key) || !entry[path_key].is_string() || !entry.contains(label_key))
        throw DataError(fmt::format("{} must be an object with '{}' and '{}', got {}", where, path_key, label_key, entry.dump()));
      const Value& label = entry[label_key];
      std::int64_t own = label_of(label.is_string() ? label.get<std::string>() : label.dump(), listing.classes, number_option(manifest, "first_label", 0));
      if (own < 0) throw DataError(fmt::format("{}: {} is neither a label nor a class name", where, label.dump()));
      part->samples.push_back({picture_name(manifest, entry[path_key].get<std::string>(), split), own, position});
    }
  }
  return listing;
}

}  // namespace winnow::data
