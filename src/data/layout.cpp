#include "layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <string_view>
#include <unordered_map>

#include "file_kind.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::data {

namespace {

struct Layout {
  const char* name;
  Listing (*list)(const Manifest&, const Path&);  // null: arrays, not files
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
      {"cifar",
       nullptr,
       {{"train", "test"}, {"train_2", "train_3", "train_4", "train_5", "class_names"}, {"label_bytes", "label_byte"}}},
      {"folders", &list_folders, {{"train", "test"}, {"class_names"}, {"inside", "name_after", "name_skip", "order"}}},
      {"lines",
       &list_lines,
       {{"train", "test"}, {"class_names"}, with_paths({"first_label", "below", "name_skip", "name_until"})}},
      {"named-lines", &list_named_lines, {{"train", "test", "class_names"}, {"train_2"}, with_paths({"name_skip"})}},
      {"joined",
       &list_joined,
       {{"images", "labels", "split"}, {"class_names"}, with_paths({"first_label", "name_skip", "name_after"})}},
      {"keys",
       &list_keys,
       {{"train_labels", "train_keys", "test_labels", "test_keys"},
        {"class_names"},
        with_paths({"first_label", "name_skip"})}},
      {"split-json", &list_split_json, {{"split"}, {}, with_paths({"training", "testing"})}},
      {"csv",
       &list_csv,
       {{"train", "test"}, {"class_names"}, with_paths({"path_column", "label_column", "first_label", "name_skip"})}},
      {"json",
       &list_json,
       {{"train", "test"}, {"class_names"}, with_paths({"path_key", "label_key", "first_label", "name_skip"})}},
      {"mat",
       &list_mat,
       {{"train", "test"}, {"class_names"}, with_paths({"paths", "labels", "names", "first_label", "name_after"})}},
  };
  return known;
}

// UTF-8 without control characters: what messages and records can hold.
bool is_plain_text(const std::string& text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return false;
  return Value(text).dump(-1, ' ', false, Value::error_handler_t::replace).find("\xef\xbf\xbd") == std::string::npos;
}

// Which images of both parts were met: a name is kept once, and only one that is not "normal" is kept as a text of its
// own.
class Met {
 public:
  struct First {
    const Sample* sample;
    const Listing::Part* part;
  };

  // The first sample of the same image: "a.jpg", "./a.jpg" and "x//../a.jpg" are one. Null: this is it.
  const First* add(const Sample& sample, const Listing::Part& part) {
    auto [entry, fresh] = first_.try_emplace(same_name(sample.file), First{&sample, &part});
    return fresh ? nullptr : &entry->second;
  }
  const First* find(const std::string& file) {
    auto entry = first_.find(same_name(file));
    return entry == first_.end() ? nullptr : &entry->second;
  }
  void reserve(std::size_t samples) { first_.reserve(samples); }

 private:
  std::string_view same_name(const std::string& file) {
    if (!file.starts_with("./") && file.find("//") == std::string::npos && file.find("/.") == std::string::npos &&
        !file.starts_with("../"))
      return file;
    return texts_.emplace_back(Path(file).lexically_normal().string());
  }

  std::unordered_map<std::string_view, First> first_;
  std::deque<std::string> texts_;
};

// "0..9", as the file writes labels.
std::string range_of_labels(const Listing& listing) {
  auto last = static_cast<std::int64_t>(listing.classes.size()) - 1;
  if (listing.first_label == 0) return fmt::format("the data set has classes 0..{}", last);
  return fmt::format("the data set has labels {}..{}, counted from {} (options.first_label)", listing.first_label,
                     last + listing.first_label, listing.first_label);
}

struct Shared {
  std::size_t count = 0;
  std::string first;
};

// `shared`: images that the other part has, too, under the same label.
void verify_part(const Manifest& manifest, const Path& root, const Listing& listing, const Listing::Part& part,
                 std::int64_t wanted, const char* split, Met& met, Shared& shared) {
  auto classes = static_cast<std::int64_t>(listing.classes.size());
  for (const Sample& sample : part.samples) {
    if (!is_plain_text(sample.file))
      throw DataError(fmt::format("{}: a path that is no UTF-8 text of one line", part.place(sample)));
    if (sample.label < 0 || sample.label >= classes)
      throw DataError(fmt::format("{}: label {} of {}; {}", part.place(sample), sample.label + listing.first_label,
                                  sample.file, range_of_labels(listing)));
    const Met::First* before = met.add(sample, part);
    if (!before) continue;
    const Sample& first = *before->sample;
    if (before->part == &part)
      throw DataError(fmt::format("{}: {} is listed twice (first in {})", part.place(sample), sample.file,
                                  first.list == sample.list ? fmt::format("line {}", first.line) : part.place(first)));
    if (first.label != sample.label)
      throw DataError(fmt::format("{}: the {} image {} has the label {} here, and as a training image {} in {}",
                                  part.place(sample), split, sample.file, sample.label + listing.first_label,
                                  first.label + listing.first_label, before->part->place(first)));
    if (shared.count++ == 0)
      shared.first = fmt::format("{}, {} and {}", sample.file, before->part->place(first), part.place(sample));
  }
  const std::string place = part.annotations.front().string();
  if (part.samples.empty()) throw DataError(fmt::format("{}: no {} images", place, split));
  if (wanted && static_cast<std::int64_t>(part.samples.size()) != wanted)
    throw DataError(
        fmt::format("{}: {} {} images, {} has {}", place, part.samples.size(), split, manifest.name, wanted));
  std::size_t missing = 0;
  const Sample* first = nullptr;
  for (const Sample& sample : part.samples)
    if (!is_file(root / sample.file)) first = missing++ ? first : &sample;
  if (missing)
    throw DataError(fmt::format("{}: {} {}{}", part.place(*first), (root / first->file).string(),
                                why_no_file(root / first->file),
                                missing > 1 ? fmt::format(", nor are {} others", missing - 1) : ""));
}

// Both parts, and what is held out of them by the publisher and not read (`listing.unread`).
void verify_parts(const Manifest& manifest, const Path& root, Listing& listing) {
  Met met;
  Shared shared;
  met.reserve(listing.train.samples.size() + listing.test.samples.size());
  if (!manifest.test_only)
    verify_part(manifest, root, listing, listing.train, manifest.expected_train, "training", met, shared);
  verify_part(manifest, root, listing, listing.test, manifest.expected_test, "test", met, shared);
  if (shared.count)
    listing.notes.push_back(
        fmt::format("{} of {} test images {} in training, too: accuracy on them says nothing (first: {})", shared.count,
                    listing.test.samples.size(), shared.count == 1 ? "is" : "are", shared.first));
  shared = {};
  std::size_t other = 0;
  for (const Sample& sample : listing.unread.samples)
    if (const Met::First* before = met.find(sample.file)) {
      other += before->sample->label != sample.label;
      if (shared.count++ == 0)
        shared.first = fmt::format("{}, {} and {}", sample.file, before->part->place(*before->sample),
                                   listing.unread.place(sample));
    }
  if (shared.count)
    listing.notes.push_back(
        fmt::format("{} of {} validation images, which winnow does not read, {} in training or test, too{} (first: {})",
                    shared.count, listing.unread.samples.size(), shared.count == 1 ? "is" : "are",
                    other ? fmt::format(", {} with another label", other) : "", shared.first));
}

}  // namespace

bool LayoutRules::splits_apart() const {
  auto has = [&](const char* role) { return std::find(files.begin(), files.end(), role) != files.end(); };
  return has("train") && has("test");
}

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

Listing list_images(const Manifest& manifest, const Path& root) {
  for (const Layout& known : layouts()) {
    if (manifest.layout != known.name || !known.list) continue;
    Listing listing = known.list(manifest, root);
    if (!manifest.classes.empty()) {
      if (!listing.classes.empty() && listing.classes.size() != manifest.classes.size())
        throw DataError(fmt::format("{}: {} classes in {}, {} has {}", manifest.name, listing.classes.size(),
                                    root.string(), manifest.name, manifest.classes.size()));
      listing.classes = manifest.classes;
    }
    if (listing.classes.empty())
      throw DataError(
          fmt::format("{}: no class names: write classes = [\"cat\", \"dog\", ...] in {}, or files.class_names = a "
                      "file with one name a line",
                      manifest.name, manifest.source));
    if (listing.classes.size() < 2)
      throw DataError(fmt::format("{}: 1 class in {} ('{}'); a data set has at least 2", manifest.name, root.string(),
                                  printable(listing.classes[0])));
    if (manifest.expected_classes && static_cast<std::int64_t>(listing.classes.size()) != manifest.expected_classes)
      throw DataError(fmt::format("{}: {} classes in {}, expected {}", manifest.name, listing.classes.size(),
                                  root.string(), manifest.expected_classes));
    require_plain_names(listing.classes, fmt::format("{} in {}", manifest.name, root.string()));
    verify_parts(manifest, root, listing);
    return listing;
  }
  throw InternalError(fmt::format("layout {} has no images of its own", manifest.layout));
}

std::string Listing::Part::place(const Sample& sample) const {
  const Path& file = annotations.at(sample.list);
  return sample.line ? fmt::format("{}:{}", file.string(), sample.line) : file.string();
}

std::vector<NamedPart> parts_of(const Manifest& manifest, Listing& listing) {
  if (manifest.test_only) return {{"test", &listing.test}};
  return {{"train", &listing.train}, {"test", &listing.test}};
}

ClassList note_class_list(const Manifest& manifest, const Path& root, std::optional<std::int64_t> first,
                          Listing& listing) {
  ClassList list = read_class_list(manifest, root, first);
  listing.classes = list.names;
  if (auto file = manifest.files.find("class_names"); file != manifest.files.end())
    listing.read.emplace_back(file->second);
  return list;
}

std::string fault_of_name(const std::string& name) {
  if (name.find_first_not_of(" \t") == std::string::npos) return "is empty";
  return is_plain_text(name) ? "" : fmt::format("'{}' is no text of one line in UTF-8", printable(name));
}

void require_plain_names(const std::vector<std::string>& classes, const std::string& where) {
  for (const std::string& name : classes)
    if (std::string fault = fault_of_name(name); !fault.empty())
      throw DataError(fmt::format("{}: the name of class {} {}", where, &name - classes.data(), fault));
}

std::int64_t whole_number(const std::string& text, const Lines& lines) {
  std::int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || text.size() > 18)
    lines.fail(fmt::format("expected a whole number, got '{}'", printable(text)));
  return value;
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
    throw UsageError(
        fmt::format("{}: options.{} must be a whole number, got '{}'", manifest.source, key, found->second));
  return value;
}

std::string image_name(const Manifest& manifest, const std::string& listed, const std::string& split) {
  std::string name = listed, strip = option(manifest, "strip");
  if (!strip.empty() && name.starts_with(strip)) name = name.substr(strip.size());
  return option(manifest, (split + "_prefix").c_str(), option(manifest, "prefix")) + name + option(manifest, "suffix");
}

std::string class_name_of(const Manifest& manifest, const std::string& folder) {
  std::string after = option(manifest, "name_after");
  std::string until = option(manifest, "name_until"), name = folder;
  if (std::size_t at = after.empty() ? std::string::npos : name.find(after); at != std::string::npos)
    name = name.substr(at + after.size());
  if (std::size_t at = until.empty() ? std::string::npos : name.find(until); at != std::string::npos) name.resize(at);
  return name;
}

}  // namespace winnow::data
