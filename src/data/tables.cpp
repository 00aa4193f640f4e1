// Annotations in JSON and CSV: CoOp's split files, lists of objects, tables with a header. A label is a number, or a
// class name where class names are known: label_column.h.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "label_column.h"
#include "layout.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"

namespace winnow::data {

namespace {

// The class names by which labels may be given; the preset's stand before those of the file.
ClassList label_names(const Manifest& manifest, const Path& root, Listing& listing) {
  listing.first_label = number_option(manifest, "first_label", 0);
  ClassList list = note_class_list(manifest, root, listing.first_label, listing);
  if (!manifest.classes.empty()) list = {"", manifest.classes, {}};
  listing.classes = list.names;
  return list;
}

void label_samples(Listing& listing, const std::vector<LabelColumn>& columns, const ClassList& classes,
                   const Manifest& manifest) {
  auto labels = labels_of(columns, classes, manifest, listing.first_label);
  for (std::size_t i = 0; i < labels[0].size(); ++i) listing.train.samples[i].label = labels[0][i];
  for (std::size_t i = 0; i < labels[1].size(); ++i) listing.test.samples[i].label = labels[1][i];
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

// CoOp's val where it is neither trained nor tested on; what it shares with the others is reported all the same.
void note_validation(const Value& json, const Manifest& manifest, const Path& path, Listing& listing) {
  listing.unread.annotations = {path};
  if (!json.contains("val") || !json["val"].is_array()) return;
  for (const Value& entry : json["val"])
    if (entry.is_array() && entry.size() == 3 && entry[0].is_string() && entry[1].is_number_integer())
      listing.unread.samples.push_back(
          {image_name(manifest, entry[0].get<std::string>(), "train"), entry[1].get<std::int64_t>()});
}

// Which lists of a split file are a part of the data set: options.training and options.testing.
std::vector<std::string> lists_of(const Manifest& manifest, const std::string& split) {
  auto refuse = [&](const char* key, const std::string& got, const char* allowed) {
    throw UsageError(fmt::format("{}: options.{} must be {}, it is '{}'", manifest.source, key, allowed, got));
  };
  std::string training = option(manifest, "training", "train"), testing = option(manifest, "testing", "test");
  if (training != "train" && training != "train+val") refuse("training", training, "\"train\" or \"train+val\"");
  if (testing != "test" && testing != "val") refuse("testing", testing, "\"test\" or \"val\"");
  if (training == "train+val" && testing == "val" && !manifest.test_only)
    throw UsageError(fmt::format("{}: options.training and options.testing both name val", manifest.source));
  if (split == "test") return {testing};
  return training == "train" ? std::vector<std::string>{"train"} : std::vector<std::string>{"train", "val"};
}

// The classes are those of train, whatever is read of it.
std::map<std::int64_t, std::string> names_in_train(const Value& json) {
  std::map<std::int64_t, std::string> names;
  if (!json.is_object() || !json.contains("train") || !json["train"].is_array()) return names;
  for (const Value& entry : json["train"])
    if (entry.is_array() && entry.size() == 3 && entry[1].is_number_integer() && entry[2].is_string())
      names.emplace(entry[1].get<std::int64_t>(), entry[2].get<std::string>());
  return names;
}

bool reads_validation(const Manifest& manifest) {
  return lists_of(manifest, "train").size() > 1 || lists_of(manifest, "test").front() == "val";
}

}  // namespace

// One object with train, val, test; each a list of [path, label, class name]. The classes are those of train.
Listing list_split_json(const Manifest& manifest, const Path& root) {
  Listing listing;
  Path path = root / manifest.files.at("split");
  listing.read.emplace_back(manifest.files.at("split"));
  Value json = read_json(path);
  std::map<std::int64_t, std::string> names = names_in_train(json);
  std::map<std::string, std::pair<std::int64_t, std::string>> labels;  // name -> its label, and where it was first
  for (auto& [split, part] : parts_of(manifest, listing)) {
    part->annotations = {path};
    for (const std::string& list : lists_of(manifest, split)) {
      if (!json.is_object() || !json.contains(list) || !json[list].is_array())
        throw DataError(fmt::format("{}: '{}' must be a list", path.string(), list));
      std::size_t position = 0;
      for (const Value& entry : json[list]) {
        std::string where = fmt::format("{}: {}[{}]", path.string(), list, position++);
        if (!entry.is_array() || entry.size() != 3 || !entry[0].is_string() || !entry[1].is_number_integer() ||
            !entry[2].is_string())
          throw DataError(fmt::format("{} must be [path, label, class name], got {}", where, brief(entry)));
        auto label = entry[1].get<std::int64_t>();
        std::string name = entry[2].get<std::string>();
        auto known = names.find(label);
        if (known == names.end()) throw DataError(fmt::format("{}: label {} does not occur in train", where, label));
        if (known->second != name)
          throw DataError(
              fmt::format("{}: label {} is {} here and {} before", where, label, brief(name), brief(known->second)));
        if (auto first = labels.try_emplace(name, label, where).first; first->second.first != label)
          throw DataError(fmt::format("{}: the class {} has the label {} here and {} in {}", where, brief(name), label,
                                      first->second.first, first->second.second.substr(path.string().size() + 2)));
        if (std::string fault = fault_of_name(name); !fault.empty())
          throw DataError(fmt::format("{}: the class name {}", where, fault));
        part->samples.push_back({image_name(manifest, entry[0].get<std::string>(), split), label, position});
      }
    }
  }
  if (!reads_validation(manifest)) note_validation(json, manifest, path, listing);
  for (const auto& [label, name] : names) {
    if (label != static_cast<std::int64_t>(listing.classes.size()))
      throw DataError(fmt::format("{}: the labels of train are not 0..{}", path.string(), names.size() - 1));
    listing.classes.push_back(name);
  }
  return listing;
}

Listing list_csv(const Manifest& manifest, const Path& root) {
  Listing listing;
  ClassList classes = label_names(manifest, root, listing);
  std::vector<LabelColumn> columns;
  for (auto& [split, part] : parts_of(manifest, listing)) {
    const Path file = root / manifest.files.at(split);
    part->annotations = {file};
    listing.read.emplace_back(manifest.files.at(split));
    Lines lines(file);
    std::string line;
    if (!lines.next(line)) throw DataError(fmt::format("{}: the file is empty", file.string()));
    std::vector<std::string> header = fields_of(line, lines);
    auto column = [&](const char* key, const char* fallback) {
      std::string name = option(manifest, key, fallback);
      auto found = std::find(header.begin(), header.end(), name);
      if (found == header.end()) lines.fail(fmt::format("no column '{}'{}", name, did_you_mean(name, header)));
      if (auto again = std::find(found + 1, header.end(), name); again != header.end())
        lines.fail(fmt::format("the column '{}' is there twice ({} and {} of {})", name, found - header.begin() + 1,
                               again - header.begin() + 1, header.size()));
      return static_cast<std::size_t>(found - header.begin());
    };
    std::size_t path = column("path_column", "path"), label = column("label_column", "label");
    LabelColumn& labels = columns.emplace_back(LabelColumn{
        file.string(), [file](std::size_t number) { return fmt::format("{}:{}", file.string(), number); }, {}});
    while (lines.next(line)) {
      std::vector<std::string> fields = fields_of(line, lines);
      if (fields.size() != header.size())
        lines.fail(fmt::format("{} columns, the header has {}", fields.size(), header.size()));
      labels.entries.push_back({fields[label], false, lines.number()});
      part->samples.push_back({image_name(manifest, fields[path], split), 0, lines.number()});
    }
  }
  label_samples(listing, columns, classes, manifest);
  return listing;
}

// A list of objects with a path and a label.
Listing list_json(const Manifest& manifest, const Path& root) {
  Listing listing;
  ClassList classes = label_names(manifest, root, listing);
  std::string path_key = option(manifest, "path_key", "path"), label_key = option(manifest, "label_key", "label");
  std::vector<LabelColumn> columns;
  for (auto& [split, part] : parts_of(manifest, listing)) {
    const Path file = root / manifest.files.at(split);
    part->annotations = {file};
    listing.read.emplace_back(manifest.files.at(split));
    Value json = read_json(file);
    if (!json.is_array()) throw DataError(fmt::format("{}: expected a list of objects", file.string()));
    auto where = [file](std::size_t position) { return fmt::format("{}: [{}]", file.string(), position); };
    LabelColumn& labels = columns.emplace_back(LabelColumn{file.string(), where, {}});
    std::size_t position = 0;
    for (const Value& entry : json) {
      if (!entry.is_object() || !entry.contains(path_key) || !entry[path_key].is_string() || !entry.contains(label_key))
        throw DataError(fmt::format("{} must be an object with '{}' and '{}', got {}", where(position), path_key,
                                    label_key, brief(entry)));
      const Value& label = entry[label_key];
      labels.entries.push_back(
          {label.is_string() ? label.get<std::string>() : label.dump(), !label.is_string(), position++});
      part->samples.push_back({image_name(manifest, entry[path_key].get<std::string>(), split), 0, position});
    }
  }
  label_samples(listing, columns, classes, manifest);
  return listing;
}

}  // namespace winnow::data
