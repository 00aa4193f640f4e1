#include "layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "winnow/core/error.h"

namespace winnow::data {

namespace {

struct Layout {
  const char* name;
  Listing (*list)(const Manifest&, const Path&);   // null: arrays, not files
  LayoutRules rules;
};

const std::vector<Layout>& layouts() {
  static const std::vector<std::string> paths = {"prefix", "train_prefix", "test_prefix", "suffix", "strip"};
  auto with_paths = [](std::vector<std::string> more) {
    more.insert(more.end(), paths.begin(), paths.end());
    return more;
  };
  static const std::vector<Layout> known = {
      {"idx", nullptr, {{"train_images", "train_labels", "test_images", "test_labels"}, {}, {}}},
      {"cifar", nullptr, {{"train", "test"}, {"train_2", "train_3", "train_4", "train_5", "class_names"}, {"label_bytes", "label_byte"}}},
      {"folders", &list_folders, {{"train", "test"}, {"class_names"}, {"inside", "name_after", "name_skip"}}},
      {"lines", &list_lines, {{"train", "test"}, {"class_names"}, with_paths({"first_label", "below", "name_skip", "name_until"})}},
      {"named-lines", &list_named_lines, {{"train", "test", "class_names"}, {"train_2"}, with_paths({"name_skip"})}},
      {"joined", &list_joined, {{"images", "labels", "split"}, {"class_names"}, with_paths({"first_label", "name_skip", "name_after"})}},
      {"keys", &list_keys, {{"train_labels", "train_keys", "test_labels", "test_keys"}, {"class_names"}, with_paths({"first_label", "name_skip"})}},
      {"split-json", &list_split_json, {{"split"}, {}, with_paths({})}},
      {"csv", &list_csv, {{"train", "test"}, {"class_names"}, with_paths({"path_column", "label_column", "first_label", "name_skip"})}},
      {"json", &list_json, {{"train", "test"}, {"class_names"}, with_paths({"path_key", "label_key", "first_label", "name_skip"})}},
      {"mat", &list_mat, {{"train", "test"}, {"class_names"}, with_paths({"paths", "labels", "names", "first_label", "name_after"})}},
  };
  return known;
}

std::string at_line(const Listing::Part& part, const Sample& sample) {
  return sample.line ? fmt::format("{}:{}", part.annotation.string(), sample.line) : part.annotation.string();
}

// UTF-8 without control characters: what messages and records can hold.
bool is_plain_text(const std::string& text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) return false;
  return Value(text).dump(-1, ' ', false, Value::error_handler_t::replace).find("\xef\xbf\xbd") == std::string::npos;
}

void verify_part(const Manifest& manifest, const Path& root, const Listing& listing, const Listing::Part& part, std::int64_t wanted, const char* split) {
  auto classes = static_cast<std::int64_t>(listing.classes.size());
  std::unordered_map<std::string, std::size_t> seen;
  for (const Sample& sample : part.samples) {
    if (!is_plain_text(sample.file)) throw DataError(fmt::format("{}: a path that is no UTF-8 text of one line", at_line(part, sample)));
    if (sample.label < 0 || sample.label >= classes)
      throw DataError(fmt::format("{}: label {} of {}; the data set has classes 0..{}", at_line(part, sample), sample.label, sample.file, classes - 1));
    if (auto [entry, fresh] = seen.try_emplace(sample.file, sample.line); !fresh)
      throw DataError(fmt::format("{}: {} is listed twice (first in line {})", at_line(part, sample), sample.file, entry->second));
  }
  if (part.samples.empty()) throw DataError(fmt::format("{}: no {} pictures", part.annotation.string(), split));
  if (wanted && static_cast<std::int64_t>(part.samples.size()) != wanted)
    throw DataError(fmt::format("{}: {} {} pictures, {} has {}", part.annotation.string(), part.samples.size(), split, manifest.name, wanted));
  std::size_t missing = 0;
  const Sample* first = nullptr;
  for (const Sample& sample : part.samples)
    if (std::error_code code; !std::filesystem::is_regular_file(root / sample.file, code)) first = missing++ ? first : &sample;
  if (missing)
    throw DataError(fmt::format("{}: {} is not there{}", at_line(part, *first), (root / first->file).string(),
                                missing > 1 ? fmt::format(", nor are {} others", missing - 1) : ""));
}

}  // namespace

bool has_arrays(const Manifest& manifest) { return manifest.layout == "idx" || manifest.layout == "cifar"; }

std::optional<LayoutRules> rules_of(const std::string& layout) {
  for (const Layout& known : layouts())
    if (layout == known.name) return known.rules;
  return std::nullopt;
}

std::vector<std::string> layout_names() {
  std::vector<std::string> names;
  for (const Layout& known : layouts()) names.emplace_back(known.name);
  return names;
}

Listing list_pictures(const Manifest& manifest, const Path& root) {
  for (const Layout& known : layouts()) {
    if (manifest.layout != known.name || !known.list) continue;
    Listing listing = known.list(manifest, root);
    if (!manifest.classes.empty()) {
      if (!listing.classes.empty() && listing.classes.size() != manifest.classes.size())
        throw DataError(fmt::format("{}: {} classes in {}, {} has {}", manifest.name, listing.classes.size(), root.string(), manifest.name, manifest.classes.size()));
      listing.classes = manifest.classes;
    }
    if (listing.classes.size() < 2) throw DataError(fmt::format("{}: {} classes in {}; a data set has at least 2", manifest.name, listing.classes.size(), root.string()));
    if (manifest.expected_classes && static_cast<std::int64_t>(listing.classes.size()) != manifest.expected_classes)
      throw DataError(fmt::format("{}: {} classes in {}, expected {}", manifest.name, listing.classes.size(), root.string(), manifest.expected_classes));
    for (const std::string& name : listing.classes)
      if (name.empty() || !is_plain_text(name))
        throw DataError(fmt::format("{}: class {} in {} has a name that is no UTF-8 text of one line", manifest.name, &name - listing.classes.data(), root.string()));
    verify_part(manifest, root, listing, listing.train, manifest.expected_train, "training");
    verify_part(manifest, root, listing, listing.test, manifest.expected_test, "test");
    return listing;
  }
  throw InternalError(fmt::format("layout {} has no pictures of its own", manifest.layout));
}

Lines::Lines(const Path& path) : path_(path), text_(read_file(path)) {}

bool Lines::next(std::string& line) {
  while (at_ < text_.size()) {
    std::size_t end = std::min(text_.find('\n', at_), text_.size());
    line = text_.substr(at_, end - at_);
    at_ = end + 1;
    ++number_;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
    if (line.find('\0') != std::string::npos) fail("a zero byte: not a text file");
    if (!line.empty()) return true;
  }
  return false;
}

void Lines::fail(const std::string& what) const { throw DataError(fmt::format("{}:{}: {}", path_.string(), number_, what)); }

std::int64_t whole_number(const std::string& text, const Lines& lines) {
  std::int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) lines.fail(fmt::format("expected a whole number, got '{}'", text));
  return value;
}

std::vector<std::string> class_names(const Manifest& manifest, const Path& root) {
  auto file = manifest.files.find("class_names");
  if (file == manifest.files.end()) return {};
  std::int64_t skip = number_option(manifest, "name_skip", 0);
  std::vector<std::string> names;
  Lines lines(root / file->second);
  for (std::string line; lines.next(line);) {
    for (std::int64_t k = 0; k < skip; ++k) {
      std::size_t blank = line.find_first_of(" \t");
      if (blank == std::string::npos) lines.fail(fmt::format("expected {} columns before the class name, got '{}'", skip, line));
      line = line.substr(line.find_first_not_of(" \t", blank));
    }
    names.push_back(class_name_of(manifest, line));
  }
  return names;
}

std::string option(const Manifest& manifest, const char* key, const std::string& fallback) {
  auto found = manifest.options.find(key);
  return found == manifest.options.end() ? fallback : found->second;
}

std::int64_t number_option(const Manifest& manifest, const char* key, std::int64_t fallback) {
  auto found = manifest.options.find(key);
  if (found == manifest.options.end()) return fallback;
  std::int64_t value = 0;
  auto [end, code] = std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  if (code != std::errc() || end != found->second.data() + found->second.size())
    throw UsageError(fmt::format("{}: options.{} must be a whole number, got '{}'", manifest.source, key, found->second));
  return value;
}

std::string picture_name(const Manifest& manifest, const std::string& listed, const std::string& split) {
  std::string name = listed, strip = option(manifest, "strip");
  if (!strip.empty() && name.starts_with(strip)) name = name.substr(strip.size());
  return option(manifest, (split + "_prefix").c_str(), option(manifest, "prefix")) + name + option(manifest, "suffix");
}

std::string class_name_of(const Manifest& manifest, const std::string& folder) {
  std::string after = option(manifest, "name_after");
  std::string until = option(manifest, "name_until"), name = folder;
  if (std::size_t at = after.empty() ? std::string::npos : name.find(after); at != std::string::npos) name = name.substr(at + after.size());
  if (std::size_t at = until.empty() ? std::string::npos : name.find(until); at != std::string::npos) name.resize(at);
  return name;
}

}  // namespace winnow::data
