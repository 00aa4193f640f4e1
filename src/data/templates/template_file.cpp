#include "winnow/data/template_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/settings.h"
#include "winnow/data/templates.h"

namespace winnow::data {

namespace {

constexpr const char* kFormat = "winnow-templates/1";
const std::vector<std::string> kKeys = {"format", "dataset", "source", "templates", "classes"};

Path folder() { return cache_folder() / "templates"; }
Path kept_path(const std::string& fingerprint) { return folder() / (fingerprint + ".json"); }
Path record_path(const std::string& dataset, const std::string& name) { return folder() / dataset / (name + ".json"); }

// On one line, as it stands in the file.
std::string shown(const std::string& text) {
  std::string quoted = Value(text).dump();
  return quoted.substr(1, quoted.size() - 2);
}

// JSON in which no object has a key twice: the second would replace the first without a word.
Value parse_json(const std::string& content, const std::string& file) {
  std::vector<std::set<std::string>> open;
  auto watch = [&](int, Value::parse_event_t event, Value& parsed) {
    if (event == Value::parse_event_t::object_start) open.emplace_back();
    if (event == Value::parse_event_t::object_end) open.pop_back();
    if (event == Value::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second)
      throw DataError(fmt::format("{}: '{}' is there twice", file, shown(parsed.get<std::string>())));
    return true;
  };
  try {
    return Value::parse(content, watch);
  } catch (const nlohmann::json::parse_error& error) {
    throw DataError(fmt::format("{} is not JSON in UTF-8, at byte {}", file, error.byte));
  }
}

std::string text(const Value& json, const char* key, const std::string& file) {
  if (!json.contains(key) || !json[key].is_string() || json[key].get<std::string>().empty()) throw DataError(fmt::format("{}: '{}' must be a text", file, key));
  return json[key].get<std::string>();
}

std::vector<std::string> texts_in(const Value& json, const std::string& what, const std::string& file) {
  if (!json.is_array()) throw DataError(fmt::format("{}: {} must be a list of texts", file, what));
  std::vector<std::string> result;
  for (const Value& entry : json) {
    if (!entry.is_string() || entry.get<std::string>().find_first_not_of(" \t\r\n") == std::string::npos)
      throw DataError(fmt::format("{}: {}: entry {} is no text", file, what, result.size()));
    result.push_back(entry.get<std::string>());
  }
  return result;
}

std::size_t places(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("{}"); at != std::string::npos; at = text.find("{}", at + 2)) ++count;
  return count;
}

// EuroSAT is eurosat, OxfordPets oxford-pets.
std::string plain(const std::string& name) {
  std::string result;
  for (unsigned char c : name)
    if (std::isalnum(c)) result += static_cast<char>(std::tolower(c));
  return result;
}

void require_name(const std::string& name) {
  bool good = !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
  if (!good) throw UsageError(fmt::format("name of templates: letters, digits, - _ and ., not '{}'", name));
  for (const std::string& own : template_set_names())
    if (name == own) throw UsageError(fmt::format("name of templates: {} is a set that winnow ships", own));
}

}  // namespace

TemplateFile TemplateFile::parse(const std::string& content, const std::string& file) {
  Value json = parse_json(content, file);
  if (!json.is_object() || !json.contains("format") || json["format"] != kFormat)
    throw DataError(fmt::format("{}: no file of templates: \"format\" must be \"{}\"", file, kFormat));
  for (const auto& [key, value] : json.items())
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      throw DataError(fmt::format("{}: unknown key '{}'{}; known: {}", file, shown(key), did_you_mean(key, kKeys), fmt::join(kKeys, ", ")));
  TemplateFile result{text(json, "dataset", file), text(json, "source", file), {}, {}};
  if (json.contains("templates")) result.templates = texts_in(json["templates"], "templates", file);
  for (const std::string& one : result.templates)
    if (places(one) != 1) throw DataError(fmt::format("{}: the template '{}' has {} {{}} for the class name, it must have one", file, shown(one), places(one)));
  if (!json.contains("classes")) return result;
  if (!json["classes"].is_object()) throw DataError(fmt::format("{}: 'classes' must give a list of texts for each class name", file));
  for (const auto& [name, texts] : json["classes"].items()) {
    result.classes[name] = texts_in(texts, fmt::format("class '{}'", shown(name)), file);
    for (const std::string& one : result.classes[name])
      if (places(one) > 1) throw DataError(fmt::format("{}: class '{}': the text '{}' has {} {{}} for the class name, it may have one", file, shown(name), shown(one), places(one)));
  }
  return result;
}

std::vector<std::vector<std::string>> TemplateFile::texts(const std::vector<std::string>& class_names, const std::string& file) const {
  for (const auto& [name, own] : classes)
    if (std::find(class_names.begin(), class_names.end(), name) == class_names.end())
      throw DataError(fmt::format("{}: the data set has no class '{}'{}", file, shown(name), did_you_mean(name, class_names)));
  std::vector<std::vector<std::string>> result;
  for (const std::string& name : class_names) {
    std::vector<std::string>& texts = result.emplace_back();
    for (const std::string& one : templates) texts.push_back(prompt(one, name));
    if (auto own = classes.find(name); own != classes.end())
      for (const std::string& one : own->second) texts.push_back(places(one) ? prompt(one, name) : one);
    if (texts.empty()) throw DataError(fmt::format("{}: class '{}' has no text", file, name));
  }
  return result;
}

TemplateRecord record_templates(const std::string& name, const Record& dataset, const Path& file) {
  require_name(name);
  std::string content = read_file(file);
  TemplateFile parsed = TemplateFile::parse(content, file.string());
  if (plain(parsed.dataset) != plain(dataset.name))
    throw DataError(fmt::format("{}: templates of the data set {}, not of {}", file.string(), shown(parsed.dataset), dataset.name));
  TemplateRecord record{name, dataset.name, hash_of(content).hex(), parsed.templates.size(), 0};
  for (const auto& texts : parsed.texts(dataset.classes, file.string())) record.texts += texts.size();
  make_folders(record_path(dataset.name, name).parent_path());
  write_file_atomically(kept_path(record.fingerprint), content);
  Value json = {{"name", name}, {"dataset", dataset.name}, {"fingerprint", record.fingerprint}, {"templates", record.templates}, {"texts", record.texts}};
  write_file_atomically(record_path(dataset.name, name), json.dump(1) + "\n");
  return record;
}

std::vector<TemplateRecord> recorded_templates() {
  std::vector<TemplateRecord> result;
  if (!std::filesystem::is_directory(folder())) return result;
  for (const auto& of_dataset : std::filesystem::directory_iterator(folder())) {
    if (!of_dataset.is_directory()) continue;
    for (const auto& entry : std::filesystem::directory_iterator(of_dataset.path())) {
      if (entry.path().extension() != ".json") continue;
      try {
        Value json = Value::parse(read_file(entry.path()));
        result.push_back({json.at("name").get<std::string>(), json.at("dataset").get<std::string>(), Hash128::parse(json.at("fingerprint").get<std::string>()).hex(),
                          json.at("templates").get<std::size_t>(), json.at("texts").get<std::size_t>()});
      } catch (const nlohmann::json::exception&) {
        throw DataError(fmt::format("{} is not a record of templates; delete it and run winnow data templates again", entry.path().string()));
      }
    }
  }
  std::sort(result.begin(), result.end(), [](const TemplateRecord& a, const TemplateRecord& b) { return std::tie(a.dataset, a.name) < std::tie(b.dataset, b.name); });
  return result;
}

std::vector<std::vector<std::string>> recorded_texts(const std::string& fingerprint, const std::vector<std::string>& class_names) {
  Path path = kept_path(fingerprint);
  if (!std::filesystem::exists(path))
    throw DataError(fmt::format("templates of fingerprint {} are not on this machine: run winnow data templates here", fingerprint));
  std::string content = read_file(path);
  if (hash_of(content).hex() != fingerprint) throw DataError(fmt::format("{} is damaged: run winnow data templates again", path.string()));
  return TemplateFile::parse(content, path.string()).texts(class_names, path.string());
}

}  // namespace winnow::data
