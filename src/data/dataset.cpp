#include "winnow/data/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "decoded.h"
#include "file_kind.h"
#include "packed.h"
#include "record.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/data/cache_inventory.h"
#include "winnow/data/pixels.h"

namespace winnow::data {

namespace {

Path find_root(const Manifest& manifest, const std::optional<Path>& given) {
  if (auto root = found_root(manifest, given)) return *root;
  std::vector<std::string> roots = given ? std::vector<std::string>{given->string()} : manifest.roots;
  for (const std::string& root : roots)
    if (is_there(root))
      throw DataError(fmt::format("data set {}: {} {}, a folder is wanted", manifest.name, root,
                                  is_file(root) ? "is a file" : why_no_file(root)));
  throw DataError(fmt::format("data set {}: no folder {}; {}, or say --root DIR", manifest.name,
                              fmt::join(roots, " or "), how_to_get(manifest)));
}

std::pair<std::int64_t, std::int64_t> size_and_time(const Path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {-1, -1};
  return {info.st_size, info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
}

// What lies on the disk now, without its cache.
struct Found {
  std::optional<DecodedSet> arrays;
  std::optional<Listing> listing;
  Record record;

  std::vector<std::int64_t> training_labels() const {
    if (arrays) return arrays->train.labels;
    std::vector<std::int64_t> labels;
    for (const Sample& sample : listing->train.samples) labels.push_back(sample.label);
    return labels;
  }
};

void note_files(Record& record, const std::vector<std::string>& files) {
  for (const std::string& file : files) record.files[file] = size_and_time(record.root / file);
}

// The file below the root that a record's label set came from.
std::string label_file(const Record& record, const std::string& set) {
  for (const auto& [file, state] : record.files)
    if (file.starts_with("labels/") && Path(file).stem() == set) return file;
  return "labels/" + set;
}

void leave_out(Listing& listing, const std::vector<std::string>& files) {
  std::set<std::string> out(files.begin(), files.end());
  for (Listing::Part* part : {&listing.train, &listing.test})
    std::erase_if(part->samples, [&](const Sample& sample) { return out.count(sample.file); });
}

// `known_skipped`: images that an earlier check left out; none: every image is decoded to find them.
Found look_at_images(const Manifest& manifest, const Path& root, const std::vector<std::string>* known_skipped,
                     const Progress& progress) {
  Found found;
  Record& record = found.record;
  record.name = manifest.name;
  record.root = root;
  if (has_arrays(manifest)) {
    const DecodedSet& set = found.arrays.emplace(decode_arrays(manifest, root, progress));
    record.fingerprint = set.fingerprint;
    record.train = set.train.shape[0];
    record.test = set.test.shape[0];
    record.height = set.train.shape[1];
    record.width = set.train.shape[2];
    record.channels = set.train.shape[3];
    record.classes = set.classes;
    note_files(record, set.read);
    const char* images = manifest.layout == "idx" ? "_images" : "";
    if (const std::string& test = manifest.files.at(std::string("test") + images);
        test == manifest.files.at(std::string("train") + images))
      record.notes.push_back(
          fmt::format("the test images are the training images ({}): accuracy on them says nothing", test));
    return found;
  }
  Listing& listing = found.listing.emplace(list_images(manifest, root));
  if (known_skipped) {
    leave_out(listing, *known_skipped);
    record.skipped = *known_skipped;
  } else {
    record.skipped = verify_images(manifest, root, listing, progress);
  }
  record.fingerprint = fingerprint_of(root, listing, progress);
  record.train = static_cast<std::int64_t>(listing.train.samples.size());
  record.test = static_cast<std::int64_t>(listing.test.samples.size());
  record.channels = 3;
  record.classes = listing.classes;
  std::vector<std::string> files;
  for (const Path& file : listing.read) files.push_back(file.string());
  note_files(record, files);
  return found;
}

Found look(const Manifest& manifest, const Path& root, const std::vector<std::string>* known_skipped,
           const Progress& progress) {
  Found found = look_at_images(manifest, root, known_skipped, progress);
  Record& record = found.record;
  record.preset = manifest.preset;
  std::vector<std::int64_t> labels = found.training_labels();
  record.labels = keep_label_sets(
      root, {record.name, record.fingerprint, labels, static_cast<std::int64_t>(record.classes.size())});
  note_files(record, label_files(root));
  for (const auto& [name, sets] : manifest.labels)
    if (auto own = record.labels.find(name); own != record.labels.end() && own->second.candidates != sets)
      throw DataError(fmt::format("{}: gives {}, and {} declares {}", (root / label_file(record, name)).string(),
                                  sets ? "one label a sample" : "sets of candidates", manifest.source,
                                  sets ? "sets of candidates" : "one label a sample"));
  if (!manifest.test_only)
    for (std::string& note : notes_on_classes(record.classes, labels)) record.notes.push_back(std::move(note));
  if (found.listing) record.notes.insert(record.notes.end(), found.listing->notes.begin(), found.listing->notes.end());
  if (std::string note = note_on_other_label_files(root); !note.empty()) record.notes.push_back(std::move(note));
  return found;
}

void require_same_labels(const Record& then, const Record& now) {
  for (const auto& [name, set] : then.labels) {
    auto found = now.labels.find(name);
    if (found != now.labels.end() && found->second.fingerprint == set.fingerprint) continue;
    throw DataError(
        fmt::format("data set {}: {} in {} {} since it was checked: restore it, or run winnow data "
                    "check {} and let its stages be "
                    "recomputed",
                    then.name, label_file(then, name), then.root.string(),
                    found == now.labels.end() ? "is gone" : "changed", then.name));
  }
}

// The copies that trainers read.
void ensure_label_copies(const Manifest& manifest, const Record& record) {
  bool all = std::all_of(record.labels.begin(), record.labels.end(),
                         [&](const auto& entry) { return is_kept(entry.second.fingerprint, record.fingerprint); });
  if (!all) require_same_labels(record, look(manifest, find_root(manifest, record.root), &record.skipped, {}).record);
}

void write_cache(const Manifest& manifest, const Found& found, const Progress& progress) {
  Path path = cache_path(found.record);
  if (found.arrays) write_decoded(path, *found.arrays);
  else
    write_packed(manifest, found.record.root, *found.listing, found.record.skipped.size(), found.record.fingerprint,
                 path, progress);
}

// Whole and of this version, and as many images short as the record says: run files count them.
bool is_good_cache(const Path& path, const Record& record) {
  if (!is_there(path)) return false;
  try {
    Pixels pixels(path);
    return pixels.skipped() == static_cast<std::int64_t>(record.skipped.size());
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace

std::string how_to_get(const Manifest& manifest) {
  if (!manifest.package.empty()) return "install it with: apt-get install " + manifest.package;
  return manifest.download.empty() ? "put it there" : "download it from " + manifest.download;
}

std::optional<Path> found_root(const Manifest& manifest, const std::optional<Path>& given) {
  std::vector<std::string> roots = given ? std::vector<std::string>{given->string()} : manifest.roots;
  for (const std::string& root : roots)
    if (is_folder(root)) return root;
  return std::nullopt;
}

std::vector<Need> needs(const Manifest& manifest, const Path& root) {
  LayoutRules rules = rules_of(manifest.layout).value();
  std::vector<Need> result;
  for (const auto& [role, file] : manifest.files) {
    bool optional = std::find(rules.files.begin(), rules.files.end(), role) == rules.files.end();
    auto is_good = [&](const Path& path) { return is_file(path) || is_folder(path); };
    bool there = is_good(root / file) || (manifest.layout == "idx" &&
                                          (is_good(root / (file + ".gz")) ||
                                           (file.ends_with(".gz") && is_good(root / file.substr(0, file.size() - 3)))));
    result.push_back({role, file, optional, there});
  }
  return result;
}

Record check(const Manifest& manifest, const std::optional<Path>& given, const Progress& progress) {
  sweep_up(std::chrono::hours(1));
  Path root = std::filesystem::absolute(find_root(manifest, given));
  Found found = look(manifest, root, nullptr, progress);
  Path cache = cache_path(found.record);
  if (!is_good_cache(cache, found.record)) {
    std::filesystem::remove(cache);
    write_cache(manifest, found, progress);
  }
  write_record(found.record);
  return found.record;
}

void require_unchanged(const Manifest& manifest, const Record& record) {
  if (!manifest.classes.empty() && record.classes != manifest.classes)
    throw DataError(fmt::format("data set {}: class names differ from its record: run winnow data check {}",
                                record.name, record.name));
  bool same = std::all_of(record.files.begin(), record.files.end(),
                          [&](const auto& file) { return size_and_time(record.root / file.first) == file.second; });
  if (same) return;
  Found found = look(manifest, find_root(manifest, record.root), &record.skipped, {});
  if (found.record.fingerprint != record.fingerprint)
    throw DataError(fmt::format(
        "data set {}: the files in {} changed since they were checked ({} then, {} now): restore them, or run "
        "winnow data check {} and let its stages be recomputed",
        record.name, record.root.string(), record.fingerprint, found.record.fingerprint, record.name));
  require_same_labels(record, found.record);
  write_record(found.record);  // moved or touched, same content
}

Path cache_path(const Record& record) {
  return cache_folder() / (record.height ? "decoded" : "packed") /
         fmt::format("{}-{}.safetensors", record.name, record.fingerprint);
}

Path ensure_cache(const Manifest& manifest, const Record& record, const Progress& progress) {
  ensure_label_copies(manifest, record);
  Path path = cache_path(record);
  if (is_good_cache(path, record)) return path;
  std::filesystem::remove(path);  // half written, or of another version
  Path root = find_root(manifest, record.root);
  if (has_arrays(manifest)) {
    Found found = look(manifest, root, &record.skipped, progress);
    if (found.record.fingerprint != record.fingerprint) require_unchanged(manifest, record);
    write_decoded(path, *found.arrays);
    return path;
  }
  // The images are compared with the record while they are copied.
  Listing listing = list_images(manifest, root);
  leave_out(listing, record.skipped);
  write_packed(manifest, root, listing, record.skipped.size(), record.fingerprint, path, progress);
  return path;
}

}  // namespace winnow::data
