#include "winnow/core/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "winnow/core/error.h"
#include "winnow/core/safetensors_pieces.h"

namespace winnow {

namespace {

constexpr std::pair<const char*, std::size_t> kTypes[] = {
    {"F64", 8}, {"F32", 4}, {"F16", 2},  {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2},
    {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"U16", 2},  {"U32", 4}, {"U64", 8},
};
constexpr std::uint64_t kLargestHeader = 100'000'000;

using Json = nlohmann::json;

class Reader {
 public:
  Reader(const Path& path, std::span<const std::byte> file) : path_(path), file_(file) {}

  std::map<std::string, SafeTensor> read(std::map<std::string, std::string>& metadata) {
    Json header = parse_header();
    std::map<std::string, SafeTensor> tensors;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        if (entry.is_null()) continue;  // as good as none
        if (!entry.is_object()) fail("__metadata__ is not a table of texts");
        for (const auto& [key, value] : entry.items()) {
          if (!value.is_string()) fail("__metadata__ is not a table of texts");
          metadata[key] = value.get<std::string>();
        }
      } else {
        tensors[name] = tensor(name, entry, ranges);
      }
    }
    std::sort(ranges.begin(), ranges.end());
    std::uint64_t end = 0;
    for (auto [start, stop] : ranges) {
      if (start != end) fail(start < end ? "two tensors overlap" : "there is a gap between tensors");
      end = stop;
    }
    if (end != data_.size()) fail(fmt::format("{} bytes of data, {} described", data_.size(), end));
    return tensors;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("{}: not a valid safetensors file: {}", path_.string(), what));
  }

  Json parse_header() {
    if (file_.size() < 8) fail("shorter than 8 bytes");
    std::uint64_t length;
    std::memcpy(&length, file_.data(), 8);
    if (length > kLargestHeader)
      fail(fmt::format("a header of {} bytes (at most {} are allowed)", length, kLargestHeader));
    if (length > file_.size() - 8) fail(fmt::format("a header of {} bytes in a file of {}", length, file_.size()));
    auto text = reinterpret_cast<const char*>(file_.data() + 8);
    data_ = file_.subspan(8 + length);
    std::vector<std::set<std::string>>
        open;  // of two tensors of one name the parser would keep the last, without a word
    auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
      if (event == Json::parse_event_t::object_start) open.emplace_back();
      if (event == Json::parse_event_t::object_end) open.pop_back();
      if (event == Json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second)
        fail(fmt::format("the header has {} twice", parsed.dump(-1, ' ', false, Json::error_handler_t::replace)));
      return true;
    };
    Json header = Json::parse(text, text + length, watch, /*allow_exceptions=*/false);
    if (header.is_discarded() || !header.is_object()) fail("the header is not a JSON object");
    return header;
  }

  SafeTensor tensor(const std::string& name, const Json& entry,
                    std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges) const {
    auto malformed = [&](const char* what) { fail(fmt::format("tensor '{}': {}", name, what)); };
    auto natural = [&](const Json& value) {
      if (!value.is_number_unsigned()) malformed("a size or offset that is not a natural number");
      return value.get<std::uint64_t>();
    };
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets"))
      malformed("dtype, shape or data_offsets is missing");
    const Json &dtype = entry["dtype"], &shape = entry["shape"], &offsets = entry["data_offsets"];
    if (!dtype.is_string() || !shape.is_array() || !offsets.is_array() || offsets.size() != 2)
      malformed("dtype, shape or data_offsets is of the wrong type");
    SafeTensor result;
    result.dtype = dtype.get<std::string>();
    const bool known = safetensors_size(result.dtype) != 0;
    std::uint64_t bytes = known ? safetensors_size(result.dtype) : 1;
    for (const Json& size : shape) {
      std::uint64_t n = natural(size);
      if (__builtin_mul_overflow(bytes, n, &bytes) || n > INT64_MAX) malformed("a shape beyond all memory");
      result.shape.push_back(static_cast<std::int64_t>(n));
    }
    std::uint64_t start = natural(offsets[0]), stop = natural(offsets[1]);
    if (start > stop || stop > data_.size()) malformed("offsets outside the file");
    if (known && stop - start != bytes)
      fail(fmt::format("tensor '{}': shape and dtype need {} bytes, offsets give {}", name, bytes, stop - start));
    if (start != stop) ranges.emplace_back(start, stop);
    result.bytes = data_.subspan(start, stop - start);
    return result;
  }

  const Path& path_;
  std::span<const std::byte> file_, data_;
};

}  // namespace

std::size_t safetensors_size(const std::string& dtype) {
  for (auto [name, size] : kTypes)
    if (dtype == name) return size;
  return 0;
}

SafeTensors::SafeTensors(const Path& path) : path_(path), mapping_(std::make_shared<Mapping>(path)) {
  tensors_ = Reader(path_, mapping_->bytes()).read(metadata_);
}

const SafeTensor& SafeTensors::at(const std::string& name) const {
  auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [other, tensor] : tensors_) known.push_back(other);
  throw DataError(fmt::format("{} has no tensor '{}'{}", path_.string(), name, did_you_mean(name, known)));
}

void write_safetensors(const Path& path, const std::map<std::string, SafeTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::map<std::string, SafeTensorPieces> pieces;
  for (const auto& [name, tensor] : tensors)
    pieces[name] = {tensor.dtype, tensor.shape, [bytes = tensor.bytes](const auto& put) { put(bytes); }};
  write_safetensors_pieces(path, pieces, metadata);
}

}  // namespace winnow
