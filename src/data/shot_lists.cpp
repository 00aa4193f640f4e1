#include "winnow/data/shot_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "file_kind.h"
#include "named_records.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/json_text.h"

namespace winnow::data {

namespace {

Path folder() { return cache_folder() / "shots"; }
Path kept_path(const std::string& fingerprint) { return folder() / (fingerprint + ".json"); }

// What is kept: the same bytes for the same images, however the file that was read is written.
std::string kept_text(const std::vector<std::int64_t>& places, const std::string& dataset) {
  return Value{{"dataset", dataset}, {"places", places}}.dump() + "\n";
}

}  // namespace

std::vector<std::int64_t> parse_shot_list(std::string_view json, const std::string& file, std::int64_t samples) {
  Value list = parse_json(json, file);
  if (!list.is_array() || list.empty())
    throw DataError(
        fmt::format("{}: a list of labelled images is a JSON list of places in the training set, this is {}", file,
                    list.is_array() ? "empty" : brief(list)));
  std::vector<std::int64_t> places;
  std::vector<bool> there(static_cast<std::size_t>(samples));
  for (const Value& value : list) {
    bool fits = value.is_number_integer() && value >= 0 && value < samples;
    if (!fits)
      throw DataError(
          fmt::format("{}: entry {} (from 0) is {}: a place among {} training images is wanted, 0 to {}; is the list "
                      "of another data set?",
                      file, places.size(), brief(value), samples, samples - 1));
    auto place = value.get<std::int64_t>();
    if (there[static_cast<std::size_t>(place)])
      throw DataError(fmt::format("{}: image {} stands there twice (entry {}): a class has fewer images than shots",
                                  file, place, places.size()));
    there[static_cast<std::size_t>(place)] = true;
    places.push_back(place);
  }
  std::sort(places.begin(), places.end());
  return places;
}

ShotListRecord record_shot_list(const std::string& name, const Record& dataset, const Path& file) {
  require_record_name(name, "shots");
  std::vector<std::int64_t> places = parse_shot_list(read_file(file), file.string(), dataset.train);
  std::string kept = kept_text(places, dataset.fingerprint);
  ShotListRecord record{name, dataset.name, dataset.fingerprint, hash_of(kept).hex(),
                        static_cast<std::int64_t>(places.size())};
  make_folders(folder() / dataset.name);
  write_file_atomically(kept_path(record.fingerprint), kept);
  Value json = {{"name", name},
                {"dataset", record.dataset},
                {"dataset_fingerprint", record.dataset_fingerprint},
                {"fingerprint", record.fingerprint},
                {"images", record.images}};
  write_file_atomically(folder() / dataset.name / (name + ".json"), json.dump(1) + "\n");
  return record;
}

std::vector<ShotListRecord> recorded_shot_lists() {
  std::vector<ShotListRecord> result;
  read_records_of_datasets(folder(), "a record of labelled images", "winnow data shots", [&](const Value& json) {
    result.push_back({json.at("name").get<std::string>(), json.at("dataset").get<std::string>(),
                      json.at("dataset_fingerprint").get<std::string>(),
                      Hash128::parse(json.at("fingerprint").get<std::string>()).hex(),
                      json.at("images").get<std::int64_t>()});
  });
  std::sort(result.begin(), result.end(), [](const ShotListRecord& a, const ShotListRecord& b) {
    return std::tie(a.dataset, a.name) < std::tie(b.dataset, b.name);
  });
  return result;
}

std::vector<std::int64_t> read_shot_list(const std::string& fingerprint) {
  Path path = kept_path(fingerprint);
  if (!is_there(path))
    throw DataError(
        fmt::format("the list of labelled images of fingerprint {} is not on this machine: run winnow data shots here",
                    fingerprint));
  std::string kept = read_file(path);
  if (hash_of(kept).hex() != fingerprint)
    throw DataError(fmt::format("{} is damaged: run winnow data shots again", path.string()));
  return parse_json(kept, path.string()).at("places").get<std::vector<std::int64_t>>();
}

}  // namespace winnow::data
