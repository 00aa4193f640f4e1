#include "winnow/data/masks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "file_kind.h"
#include "named_records.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/json_text.h"
#include "winnow/core/printable.h"
#include "winnow/core/safetensors.h"

namespace winnow::data {

namespace {

Path folder() { return cache_folder() / "masks"; }
Path kept_path(const std::string& fingerprint) { return folder() / (fingerprint + ".safetensors"); }

std::string fingerprint_of(std::span<const std::uint8_t> mask, const std::string& dataset) {
  return Hasher().add(dataset).add(fmt::format("/mask {}/", mask.size())).add(std::as_bytes(mask)).digest().hex();
}

}  // namespace

std::vector<double> parse_mask(std::string_view json, const std::string& file) {
  Value list = parse_json(json, file);
  if (!list.is_array())
    throw DataError(
        fmt::format("{}: a mask is a list of true and false, or of 1 and 0, this is {}", file, brief(list)));
  std::vector<double> values;
  values.reserve(list.size());
  for (const Value& value : list) {
    bool one = value == true || value == 1, zero = value == false || value == 0;
    if (!one && !zero)
      throw DataError(fmt::format("{}: entry {} (from 0) of a mask is true or false, 1 or 0, it is {}", file,
                                  values.size(), brief(value)));
    values.push_back(one);
  }
  return values;
}

MaskRecord record_mask(const std::string& name, const Record& dataset, std::span<const double> values,
                       std::span<const std::size_t> shape) {
  require_record_name(name, "masks");
  auto N = static_cast<std::size_t>(dataset.train);
  if (shape.size() != 1 || shape[0] != N)
    throw DataError(fmt::format("a mask of {} has {} entries, one a training sample, this one has {}", dataset.name, N,
                                fmt::join(shape, " x ")));
  std::vector<std::uint8_t> mask;
  for (double value : values) {
    if (value != 0 && value != 1)
      throw DataError(fmt::format("entry {} (from 0) of the mask is {}, 0 or 1 is wanted", mask.size(), value));
    mask.push_back(value == 1);
  }
  MaskRecord record{name, dataset.name, fingerprint_of(mask, dataset.fingerprint), dataset.train,
                    std::count(mask.begin(), mask.end(), 1)};
  if (record.kept == 0)
    throw DataError(
        fmt::format("the mask keeps none of the {} training samples of {}: nothing would be left to "
                    "train on",
                    N, dataset.name));
  make_folders(folder() / dataset.name);
  Path file = kept_path(record.fingerprint);
  if (!is_there(file))
    write_atomically(file, [&](const Path& part) {
      write_safetensors(part, {{"mask", {"U8", {record.samples}, std::as_bytes(std::span(mask))}}},
                        {{"dataset", dataset.fingerprint}});
    });
  Value json = {{"name", name},
                {"dataset", record.dataset},
                {"fingerprint", record.fingerprint},
                {"samples", record.samples},
                {"kept", record.kept}};
  write_file_atomically(folder() / dataset.name / (name + ".json"), json.dump(1) + "\n");
  return record;
}

std::vector<MaskRecord> recorded_masks() {
  std::vector<MaskRecord> result;
  read_records_of_datasets(folder(), "a record of a mask", "winnow data masks", [&](const Value& json) {
    result.push_back({json.at("name").get<std::string>(), json.at("dataset").get<std::string>(),
                      Hash128::parse(json.at("fingerprint").get<std::string>()).hex(),
                      json.at("samples").get<std::int64_t>(), json.at("kept").get<std::int64_t>()});
  });
  std::sort(result.begin(), result.end(), [](const MaskRecord& a, const MaskRecord& b) {
    return std::tie(a.dataset, a.name) < std::tie(b.dataset, b.name);
  });
  return result;
}

std::vector<std::uint8_t> read_mask(const std::string& fingerprint, const std::string& dataset) {
  Path path = kept_path(fingerprint);
  if (!is_there(path))
    throw DataError(
        fmt::format("the mask of fingerprint {} is not on this machine: run winnow data masks here", fingerprint));
  SafeTensors file(path);
  if (auto found = file.metadata().find("dataset"); found == file.metadata().end() || found->second != dataset)
    throw DataError(fmt::format("{}: this mask is of another data set, or of another state of it", path.string()));
  const SafeTensor& tensor = file.at("mask");
  std::span<const std::uint8_t> mask(reinterpret_cast<const std::uint8_t*>(tensor.bytes.data()), tensor.bytes.size());
  if (tensor.dtype != "U8" || tensor.shape.size() != 1 || fingerprint_of(mask, dataset) != fingerprint)
    throw DataError(fmt::format("{} is damaged: run winnow data masks again", path.string()));
  return {mask.begin(), mask.end()};
}

}  // namespace winnow::data
