#include "winnow/data/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>

#include "cache_format.h"
#include "idx.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/safetensors.h"

namespace winnow::data {

namespace {

struct Decoded {
  Idx images;
  std::vector<std::int64_t> labels;
};

Path record_path(const std::string& name) { return cache_folder() / "datasets" / (name + ".json"); }

// The file as the manifest names it, or with ".gz" taken off or put on.
Path find_file(const Path& root, const std::string& name) {
  std::string other = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name + ".gz";
  for (const std::string& candidate : {name, other})
    if (std::filesystem::exists(root / candidate)) return root / candidate;
  throw DataError(fmt::format("{}: neither {} nor {} is there", root.string(), name, other));
}

Path find_root(const Manifest& manifest, const std::optional<Path>& given) {
  std::vector<std::string> roots = given ? std::vector<std::string>{given->string()} : manifest.roots;
  for (const std::string& root : roots)
    if (std::filesystem::is_directory(root)) return root;
  std::string how = manifest.package.empty() ? "download it from " + manifest.download
                                             : "install it with: apt-get install " + manifest.package;
  throw DataError(fmt::format("data set {}: no folder {}; {}, or say --root DIR", manifest.name, fmt::join(roots, " or "), how));
}

std::pair<std::int64_t, std::int64_t> size_and_time(const Path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {-1, -1};
  return {info.st_size, info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
}

Decoded decode_split(const Manifest& manifest, const Path& root, const std::string& split) {
  Path images = find_file(root, manifest.files.at(split + "_images")), labels = find_file(root, manifest.files.at(split + "_labels"));
  Decoded result{read_idx(images, 3), {}};
  Idx raw = read_idx(labels, 1);
  if (raw.shape[0] != result.images.shape[0])
    throw DataError(fmt::format("{} has {} images, {} has {} labels", images.string(), result.images.shape[0], labels.string(), raw.shape[0]));
  if (raw.shape[0] == 0) throw DataError(fmt::format("{} holds no samples", images.string()));
  for (std::size_t i = 0; i < raw.values.size(); ++i) {
    if (raw.values[i] >= manifest.classes.size())
      throw DataError(fmt::format("{}: label {} at position {}; the data set has classes 0..{}", labels.string(), raw.values[i], i,
                                  manifest.classes.size() - 1));
    result.labels.push_back(raw.values[i]);
  }
  return result;
}

struct Content {
  Decoded train, test;
  std::string fingerprint;
};

Content decode(const Manifest& manifest, const Path& root, const Progress& progress) {
  Content content;
  if (progress) progress("reading " + manifest.name, 0);
  content.train = decode_split(manifest, root, "train");
  if (progress) progress("reading " + manifest.name, 0.8);
  content.test = decode_split(manifest, root, "test");
  if (!std::equal(content.train.images.shape.begin() + 1, content.train.images.shape.end(), content.test.images.shape.begin() + 1))
    throw DataError(fmt::format("data set {}: training and test images differ in size", manifest.name));
  Hasher hasher;
  for (const std::string& name : manifest.classes) hasher.add(name).add(std::string_view("\0", 1));
  for (const Decoded* split : {&content.train, &content.test}) {
    hasher.add(fmt::format("{}", fmt::join(split->images.shape, "x")));
    hasher.add(std::as_bytes(std::span(split->images.values)));
    hasher.add(std::as_bytes(std::span(split->labels)));
  }
  content.fingerprint = hasher.digest().hex();
  if (progress) progress("reading " + manifest.name, 1);
  return content;
}

Record record_of(const Manifest& manifest, const Path& root, const Content& content) {
  Record record{manifest.name, root, content.fingerprint, content.train.images.shape[0], content.test.images.shape[0],
                content.train.images.shape[1], content.train.images.shape[2], 1, manifest.classes, {}};
  for (const auto& [role, name] : manifest.files) {
    Path file = find_file(root, name);
    record.files[file.filename().string()] = size_and_time(file);
  }
  return record;
}

void write_record(const Record& record) {
  Value json = {{"name", record.name},   {"root", record.root.string()}, {"fingerprint", record.fingerprint},
                {"train", record.train}, {"test", record.test},          {"height", record.height},
                {"width", record.width}, {"channels", record.channels},  {"classes", record.classes},
                {"files", record.files}};
  make_folders(record_path(record.name).parent_path());
  write_file_atomically(record_path(record.name), json.dump(1) + "\n");
}

void write_cache(const Path& path, const Content& content, const std::vector<std::string>& classes) {
  auto shape = [](const Idx& images) {
    return std::vector<std::int64_t>{images.shape[0], images.shape[1], images.shape[2], 1};
  };
  std::map<std::string, SafeTensor> tensors;
  for (const auto& [name, split] : {std::pair<std::string, const Decoded&>{"train", content.train}, {"test", content.test}}) {
    tensors[name + ".images"] = {"U8", shape(split.images), std::as_bytes(std::span(split.images.values))};
    tensors[name + ".labels"] = {"I64", {split.images.shape[0]}, std::as_bytes(std::span(split.labels))};
  }
  make_folders(path.parent_path());
  Path part = temporary_beside(path);
  write_safetensors(part, tensors,
                    {{"version", kCacheVersion}, {"fingerprint", content.fingerprint}, {"classes", Value(classes).dump()}});
  // Two agents of one machine may build at the same time: the first rename wins, the content is the same.
  if (!rename_without_replacing(part, path)) std::filesystem::remove(part);
}

}  // namespace

Manifest Manifest::from_preset(const std::string& name, const Value& preset, const std::string& source) {
  try {
    Manifest result{name,
                    source,
                    preset.at("layout").get<std::string>(),
                    preset.at("roots").get<std::vector<std::string>>(),
                    preset.at("files").get<std::map<std::string, std::string>>(),
                    preset.at("classes").get<std::vector<std::string>>(),
                    preset.value("package", ""),
                    preset.value("download", "")};
    if (result.layout != "idx") throw UsageError(fmt::format("{}: layout '{}' is not known; known: idx", source, result.layout));
    for (const char* role : {"train_images", "train_labels", "test_images", "test_labels"})
      if (!result.files.count(role)) throw UsageError(fmt::format("{}: files.{} is missing", source, role));
    if (result.classes.size() < 2) throw UsageError(fmt::format("{}: a data set needs at least 2 classes", source));
    return result;
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(fmt::format("{}: {}", source, error.what()));
  }
}

Record check(const Manifest& manifest, const std::optional<Path>& given, const Progress& progress) {
  Path root = std::filesystem::absolute(find_root(manifest, given));
  Content content = decode(manifest, root, progress);
  Record record = record_of(manifest, root, content);
  if (!std::filesystem::exists(cache_path(record))) write_cache(cache_path(record), content, manifest.classes);
  write_record(record);
  return record;
}

std::optional<Record> read_record(const std::string& name) {
  Path path = record_path(name);
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    Value json = Value::parse(read_file(path));
    return Record{json.at("name").get<std::string>(),
                  json.at("root").get<std::string>(),
                  Hash128::parse(json.at("fingerprint").get<std::string>()).hex(),
                  json.at("train").get<std::int64_t>(),
                  json.at("test").get<std::int64_t>(),
                  json.at("height").get<std::int64_t>(),
                  json.at("width").get<std::int64_t>(),
                  json.at("channels").get<std::int64_t>(),
                  json.at("classes").get<std::vector<std::string>>(),
                  json.at("files").get<std::map<std::string, std::pair<std::int64_t, std::int64_t>>>()};
  } catch (const nlohmann::json::exception&) {
    throw DataError(fmt::format("{} is damaged: run winnow data check {}", path.string(), name));
  }
}

void require_unchanged(const Manifest& manifest, const Record& record) {
  if (record.classes != manifest.classes)
    throw DataError(fmt::format("data set {}: class names differ from its record: run winnow data check {}", record.name, record.name));
  bool same = std::all_of(record.files.begin(), record.files.end(), [&](const auto& file) {
    return size_and_time(record.root / file.first) == file.second;
  });
  if (same) return;
  Content content = decode(manifest, find_root(manifest, record.root), {});
  if (content.fingerprint != record.fingerprint)
    throw DataError(fmt::format("data set {}: the files in {} changed since they were checked ({} then, {} now): restore them, or run "
                                "winnow data check {} and let its stages be computed anew",
                                record.name, record.root.string(), record.fingerprint, content.fingerprint, record.name));
  write_record(record_of(manifest, record.root, content));    // moved or touched, same content
}

Path cache_path(const Record& record) {
  return cache_folder() / "decoded" / fmt::format("{}-{}.safetensors", record.name, record.fingerprint);
}

Path ensure_cache(const Manifest& manifest, const Record& record, const Progress& progress) {
  Path path = cache_path(record);
  if (std::filesystem::exists(path)) return path;
  Content content = decode(manifest, find_root(manifest, record.root), progress);
  if (content.fingerprint != record.fingerprint) require_unchanged(manifest, record);
  write_cache(path, content, manifest.classes);
  return path;
}

}  // namespace winnow::data
