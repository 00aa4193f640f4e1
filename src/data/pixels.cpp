#include "winnow/data/pixels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cache_format.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"

namespace winnow::data {

namespace {

std::span<const std::int64_t> labels_of(const SafeTensor& tensor, std::vector<std::int64_t>& numbers) {
  numbers.resize(tensor.bytes.size() / sizeof(std::int64_t));
  if (!numbers.empty()) std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
  return numbers;
}

Split split_of(const SafeTensors& file, const std::string& name, std::vector<std::int64_t>& numbers) {
  const SafeTensor &images = file.at(name + ".images"), &labels = file.at(name + ".labels");
  if (images.dtype != "U8" || images.shape.size() != 4 || labels.dtype != "I64" || labels.shape.size() != 1 ||
      labels.shape[0] != images.shape[0])
    throw DataError(fmt::format("{}: not a decoded data set; delete it and it is built again", file.path().string()));
  return {images.shape[0],
          images.shape[1],
          images.shape[2],
          images.shape[3],
          {reinterpret_cast<const std::uint8_t*>(images.bytes.data()), images.bytes.size()},
          labels_of(labels, numbers)};
}

Split packed_split_of(const SafeTensors& file, const std::string& name, std::span<const std::byte> files,
                      std::vector<std::int64_t>& numbers) {
  const SafeTensor &ends = file.at(name + ".ends"), &labels = file.at(name + ".labels");
  auto refuse = [&] {
    throw DataError(fmt::format("{}: not a packed data set; delete it and it is built again", file.path().string()));
  };
  if (ends.dtype != "I64" || labels.dtype != "I64" || ends.shape.size() != 1 || labels.shape != ends.shape ||
      (ends.shape[0] == 0 && name == "test"))
    refuse();
  Split split{ends.shape[0],
              0,
              0,
              3,
              {},
              labels_of(labels, numbers),
              files,
              {reinterpret_cast<const std::int64_t*>(ends.bytes.data()), ends.bytes.size() / 8}};
  std::int64_t before = 0;
  for (std::int64_t end : split.ends) {
    if (end < before || end > static_cast<std::int64_t>(files.size())) refuse();
    before = end;
  }
  return split;
}

}  // namespace

Pixels::Pixels(const Path& cache) : file_(cache) {
  const auto& metadata = file_.metadata();
  auto entry = [&](const char* key) {
    auto found = metadata.find(key);
    if (found == metadata.end())
      throw DataError(fmt::format("{}: no '{}' in its header; delete it and it is built again", cache.string(), key));
    return found->second;
  };
  if (entry("version") != kCacheVersion)
    throw DataError(fmt::format("{}: a cache of version {}, this program reads {}; delete it and it is built again",
                                cache.string(), entry("version"), kCacheVersion));
  fingerprint_ = entry("fingerprint");
  auto classes = nlohmann::json::parse(entry("classes"), nullptr, false);
  if (!classes.is_array())
    throw DataError(fmt::format("{}: broken class names; delete it and it is built again", cache.string()));
  for (const auto& name : classes) classes_.push_back(name.get<std::string>());
  if (metadata.count("skipped")) {
    std::string text = entry("skipped");
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), skipped_);
    if (code != std::errc() || end != text.data() + text.size() || skipped_ < 1)
      throw DataError(fmt::format("{}: '{}' skipped images; delete it and it is built again", cache.string(), text));
  }
  read_splits(cache);
  auto count = static_cast<std::int64_t>(classes_.size());
  for (const Split* split : {&train_, &test_})
    for (std::int64_t label : split->labels)
      if (label < 0 || label >= count)
        throw DataError(fmt::format("{}: {} is none of the classes 0 to {}; delete it and it is built again",
                                    cache.string(), label, count - 1));
}

void Pixels::read_splits(const Path& cache) {
  const auto& metadata = file_.metadata();
  if (!metadata.count("files")) {
    train_ = split_of(file_, "train", train_labels_);
    test_ = split_of(file_, "test", test_labels_);
    return;
  }
  Path files = cache.parent_path() / metadata.at("files");
  auto said = metadata.find("size");
  const std::string size = said == metadata.end() ? "" : said->second;
  packed_.emplace(files);
  if (std::to_string(packed_->bytes().size()) != size)
    throw DataError(fmt::format("{}: {} bytes where {} belong; delete it and it is built again", files.string(),
                                packed_->bytes().size(), size));
  train_ = packed_split_of(file_, "train", packed_->bytes(), train_labels_);
  std::size_t train_size = train_.ends.empty() ? 0 : static_cast<std::size_t>(train_.ends.back());
  test_ = packed_split_of(file_, "test", packed_->bytes().subspan(train_size), test_labels_);
}

std::vector<std::int64_t> choose_samples(std::span<const std::int64_t> labels, std::int64_t classes, std::int64_t first,
                                         std::int64_t last, std::int64_t wanted, std::uint64_t seed,
                                         std::string_view purpose) {
  auto all = static_cast<std::int64_t>(labels.size());
  if (last == 0) last = all;
  if (first >= last || last > all)
    throw UsageError(
        fmt::format("data.first = {}, data.last = {}: the data set has samples 0..{}", first, last, all - 1));
  std::int64_t available = last - first;
  if (wanted > available)
    throw UsageError(
        fmt::format("{} samples are asked for, {} are there (indices {}..{})", wanted, available, first, last - 1));
  std::vector<std::vector<std::int64_t>> by_class(static_cast<std::size_t>(classes));
  for (std::int64_t i = first; i < last; ++i)
    by_class[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])].push_back(i);
  std::vector<std::int64_t> chosen;
  if (wanted == 0 || wanted == available) {
    for (std::int64_t i = first; i < last; ++i) chosen.push_back(i);
    return chosen;
  }
  // Largest remainders; ties go to the lower class.
  std::vector<std::int64_t> quota(by_class.size());
  std::vector<std::pair<std::int64_t, std::size_t>> remainders;
  std::int64_t given_out = 0;
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    std::int64_t product = wanted * static_cast<std::int64_t>(by_class[c].size());
    quota[c] = product / available;
    given_out += quota[c];
    remainders.emplace_back(-(product % available), c);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t i = 0; given_out < wanted; ++i, ++given_out) ++quota[remainders[i].second];
  Streams streams(seed, purpose);
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    auto order =
        streams.at(0, static_cast<std::uint32_t>(c)).permutation(static_cast<std::int64_t>(by_class[c].size()));
    for (std::int64_t k = 0; k < quota[c]; ++k)
      chosen.push_back(by_class[c][static_cast<std::size_t>(order[static_cast<std::size_t>(k)])]);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace winnow::data
