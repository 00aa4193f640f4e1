#include "winnow/data/scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "file_kind.h"
#include "named_records.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/json_text.h"
#include "winnow/core/safetensors.h"

namespace winnow::data {

namespace {

Path folder() { return cache_folder() / "scores"; }

void require_name(const std::string& name) {
  require_record_name(name, "scores");
  for (const char* own : kComputedScores)
    if (name == own) throw UsageError(fmt::format("name of scores: {} means those of labels.scorer.model", own));
}

// Scores that do not distinguish classes.
std::string note_on(std::span<const double> values, std::size_t C) {
  std::size_t flat = 0, first = 0, rows = C ? values.size() / C : 0;
  for (std::size_t i = rows; i-- > 0;) {
    std::span<const double> row = values.subspan(i * C, C);
    if (std::all_of(row.begin(), row.end(), [&](double value) { return value == row[0]; })) ++flat, first = i;
  }
  if (flat == 0) return "";
  if (flat < rows)
    return fmt::format("the scores of {} of {} samples are the same for all classes, the first is sample {}", flat,
                       rows, first);
  bool all = std::all_of(values.begin(), values.end(), [&](double value) { return value == values[0]; });
  return all ? fmt::format("all scores are {}: they do not distinguish classes", values[0])
             : "each sample has the same score for all classes: they do not distinguish classes";
}

}  // namespace

Path scores_path(const std::string& fingerprint) { return folder() / (fingerprint + ".safetensors"); }

ScoreRecord record_scores(const std::string& name, const Record& dataset, std::span<const double> values,
                          std::span<const std::size_t> shape) {
  require_name(name);
  auto N = static_cast<std::size_t>(dataset.train), C = dataset.classes.size();
  if (shape.size() != 2 || shape[0] != N || shape[1] != C)
    throw DataError(fmt::format("scores of {} must be {} x {} (training samples x classes), these are {}", dataset.name,
                                N, C, fmt::join(shape, " x ")));
  auto bad = std::find_if(values.begin(), values.end(), [](double value) { return !std::isfinite(value); });
  if (bad != values.end())
    throw DataError(
        fmt::format("scores of sample {} are not finite", static_cast<std::size_t>(bad - values.begin()) / C));
  ScoreRecord record{name, dataset.name, "", dataset.train, static_cast<std::int64_t>(C), note_on(values, C)};
  std::span<const std::byte> bytes = std::as_bytes(values);
  record.fingerprint = Hasher().add(dataset.fingerprint).add(fmt::format("/{}x{}/", N, C)).add(bytes).digest().hex();
  make_folders(folder());
  Path file = scores_path(record.fingerprint);
  if (!is_there(file))
    write_atomically(file, [&](const Path& part) {
      write_safetensors(part, {{"scores", {"F64", {record.samples, record.classes}, bytes}}},
                        {{"dataset", dataset.fingerprint}});
    });
  Value json = {{"name", name},
                {"dataset", record.dataset},
                {"fingerprint", record.fingerprint},
                {"samples", record.samples},
                {"classes", record.classes}};
  write_file_atomically(folder() / (name + ".json"), json.dump(1) + "\n");
  return record;
}

std::vector<ScoreRecord> recorded_scores() {
  std::vector<ScoreRecord> result;
  read_records(folder(), "a record of scores", "winnow data scores", [&](const Value& json) {
    result.push_back({json.at("name").get<std::string>(), json.at("dataset").get<std::string>(),
                      Hash128::parse(json.at("fingerprint").get<std::string>()).hex(),
                      json.at("samples").get<std::int64_t>(), json.at("classes").get<std::int64_t>(), ""});
  });
  std::sort(result.begin(), result.end(), [](const ScoreRecord& a, const ScoreRecord& b) { return a.name < b.name; });
  return result;
}

}  // namespace winnow::data
