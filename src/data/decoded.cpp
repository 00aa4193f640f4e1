#include "decoded.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cache_format.h"
#include "file_kind.h"
#include "idx.h"
#include "layout.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/safetensors.h"

namespace winnow::data {

namespace {

std::string with_or_without_gz(const std::string& name) {
  return name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name + ".gz";
}

void check_label(std::int64_t label, std::size_t position, std::size_t classes, const Path& file) {
  if (label < static_cast<std::int64_t>(classes)) return;
  throw DataError(fmt::format("{}: label {} at position {}; the data set has classes 0..{}", file.string(), label,
                              position, classes - 1));
}

Decoded idx_split(const Manifest& manifest, const Path& root, const std::string& split, DecodedSet& set) {
  Path images = find_file(root, manifest.files.at(split + "_images")),
       labels = find_file(root, manifest.files.at(split + "_labels"));
  Idx pixels = read_idx(images, 3), raw = read_idx(labels, 1);
  if (raw.shape[0] != pixels.shape[0])
    throw DataError(fmt::format("{} has {} images, {} has {} labels", images.string(), pixels.shape[0], labels.string(),
                                raw.shape[0]));
  if (raw.shape[0] == 0) throw DataError(fmt::format("{} holds no samples", images.string()));
  for (std::size_t i = 0; i < raw.values.size(); ++i) check_label(raw.values[i], i, set.classes.size(), labels);
  // Both spellings: a file that appears beside the one that was read may be the one that counts from now on.
  for (const std::string& name : {manifest.files.at(split + "_images"), manifest.files.at(split + "_labels")})
    for (const std::string& spelling : {name, with_or_without_gz(name)}) set.read.push_back(spelling);
  return {{pixels.shape[0], pixels.shape[1], pixels.shape[2], 1},
          std::move(pixels.values),
          {raw.values.begin(), raw.values.end()}};
}

Decoded cifar_split(const Manifest& manifest, const Path& root, const std::string& split, DecodedSet& set) {
  std::vector<Path> files;
  for (const auto& [role, name] : manifest.files)
    if (role == split || role.starts_with(split + "_")) {
      if (!is_file(root / name))
        throw DataError(fmt::format("{} {}", (root / name).string(), why_no_file(root / name)));
      files.push_back(root / name);
      set.read.push_back(name);
    }
  std::int64_t label_bytes = number_option(manifest, "label_bytes", 1),
               label_byte = number_option(manifest, "label_byte", 0);
  if (label_bytes < 1 || label_byte < 0 || label_byte >= label_bytes)
    throw UsageError(
        fmt::format("{}: options.label_byte = {} is none of {} label bytes", manifest.source, label_byte, label_bytes));
  Decoded result = read_cifar(files, label_bytes, label_byte);
  for (std::size_t i = 0; i < result.labels.size(); ++i)
    check_label(result.labels[i], i, set.classes.size(), files.size() == 1 ? files[0] : root);
  return result;
}

void expect(const Manifest& manifest, const Decoded& split, std::int64_t wanted, const char* name) {
  if (wanted && split.shape[0] != wanted)
    throw DataError(fmt::format("data set {}: {} {} images, expected {}", manifest.name, split.shape[0], name, wanted));
}

}  // namespace

Path find_file(const Path& root, const std::string& name) {
  std::string other = with_or_without_gz(name);
  for (const std::string& candidate : {name, other}) {
    if (is_file(root / candidate)) return root / candidate;
    if (is_there(root / candidate))
      throw DataError(fmt::format("{} {}", (root / candidate).string(), why_no_file(root / candidate)));
  }
  throw DataError(fmt::format("{}: neither {} nor {} is there", root.string(), name, other));
}

DecodedSet decode_arrays(const Manifest& manifest, const Path& root, const Progress& progress) {
  DecodedSet set;
  set.classes = manifest.classes.empty() ? read_class_list(manifest, root, 0).names : manifest.classes;
  if (auto file = manifest.files.find("class_names"); file != manifest.files.end()) set.read.push_back(file->second);
  require_plain_names(set.classes, fmt::format("{} in {}", manifest.name, root.string()));
  auto split = manifest.layout == "idx" ? &idx_split : &cifar_split;
  if (progress) progress("reading " + manifest.name, 0);
  set.train = split(manifest, root, "train", set);
  if (progress) progress("reading " + manifest.name, 0.8);
  set.test = split(manifest, root, "test", set);
  if (!std::equal(set.train.shape.begin() + 1, set.train.shape.end(), set.test.shape.begin() + 1))
    throw DataError(fmt::format("data set {}: training and test images differ in size", manifest.name));
  expect(manifest, set.train, manifest.expected_train, "training");
  expect(manifest, set.test, manifest.expected_test, "test");
  Hasher hasher;
  for (const std::string& name : set.classes) hasher.add(name).add(std::string_view("\0", 1));
  for (const Decoded* own : {&set.train, &set.test}) {
    std::vector<std::int64_t> shape = own->shape;
    if (shape.back() == 1) shape.pop_back();  // grey images were hashed so before there were others
    hasher.add(fmt::format("{}", fmt::join(shape, "x")));
    hasher.add(std::as_bytes(std::span(own->values)));
    hasher.add(std::as_bytes(std::span(own->labels)));
  }
  set.fingerprint = hasher.digest().hex();
  if (progress) progress("reading " + manifest.name, 1);
  return set;
}

void write_decoded(const Path& path, const DecodedSet& set) {
  std::map<std::string, SafeTensor> tensors;
  for (const auto& [name, split] : {std::pair<std::string, const Decoded&>{"train", set.train}, {"test", set.test}}) {
    tensors[name + ".images"] = {"U8", split.shape, std::as_bytes(std::span(split.values))};
    tensors[name + ".labels"] = {"I64", {split.shape[0]}, std::as_bytes(std::span(split.labels))};
  }
  make_folders(path.parent_path());
  std::map<std::string, std::string> metadata{
      {"version", kCacheVersion}, {"fingerprint", set.fingerprint}, {"classes", nlohmann::json(set.classes).dump()}};
  write_atomically(
      path, [&](const Path& part) { write_safetensors(part, tensors, metadata); }, Existing::keep);
}

}  // namespace winnow::data
