#include "record.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/json_text.h"

namespace winnow::data {

namespace {

Path record_path(const std::string& name) { return cache_folder() / "datasets" / (name + ".json"); }

std::map<std::string, LabelSet> labels_of(const Value& json) {
  std::map<std::string, LabelSet> labels;
  for (const auto& [name, set] : json.items())
    labels[name] = {Hash128::parse(set.at("fingerprint").get<std::string>()).hex(), set.at("candidates").get<bool>(),
                    set.at("missing").get<double>()};
  return labels;
}

}  // namespace

Value to_json(const Record& record) {
  Value labels = Value::object();
  for (const auto& [name, set] : record.labels)
    labels[name] = {{"fingerprint", set.fingerprint}, {"candidates", set.candidates}, {"missing", set.missing}};
  return {{"name", record.name},       {"root", record.root.string()}, {"fingerprint", record.fingerprint},
          {"train", record.train},     {"test", record.test},          {"height", record.height},
          {"width", record.width},     {"channels", record.channels},  {"classes", record.classes},
          {"skipped", record.skipped}, {"labels", std::move(labels)},  {"notes", record.notes}};
}

void write_record(const Record& record) {
  Value json = to_json(record);
  json["files"] = record.files;
  if (!record.preset.empty()) json["preset"] = record.preset;
  make_folders(record_path(record.name).parent_path());
  write_file_atomically(record_path(record.name), json.dump(1) + "\n");
}

std::optional<Record> read_record(const std::string& name) {
  Path path = record_path(name);
  std::error_code code;
  if (!std::filesystem::exists(path, code) && code != std::errc::too_many_symbolic_link_levels) return std::nullopt;
  auto damaged = [&] { return DataError(fmt::format("{} is damaged: run winnow data check {}", path.string(), name)); };
  try {
    Value json = read_json(path);
    return Record{json.at("name").get<std::string>(),
                  json.at("root").get<std::string>(),
                  Hash128::parse(json.at("fingerprint").get<std::string>()).hex(),
                  json.at("train").get<std::int64_t>(),
                  json.at("test").get<std::int64_t>(),
                  json.at("height").get<std::int64_t>(),
                  json.at("width").get<std::int64_t>(),
                  json.at("channels").get<std::int64_t>(),
                  json.at("classes").get<std::vector<std::string>>(),
                  json.at("files").get<std::map<std::string, std::pair<std::int64_t, std::int64_t>>>(),
                  json.value("skipped", std::vector<std::string>{}),
                  labels_of(json.value("labels", Value::object())),
                  json.value("notes", std::vector<std::string>{}),
                  json.value("preset", "")};
  } catch (const nlohmann::json::exception&) {
    throw damaged();
  } catch (const DataError&) {
    throw damaged();
  }
}

}  // namespace winnow::data
