#include "winnow/data/template_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <optional>
#include <set>

#include "../file_kind.h"
#include "../named_records.h"
#include "shipped_files.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/json_text.h"
#include "winnow/core/printable.h"
#include "winnow/core/settings.h"
#include "winnow/data/templates.h"

namespace winnow::data {

namespace {

constexpr const char* kFormat = "winnow-templates/1";
const std::vector<std::string> kKeys = {"format", "dataset", "source", "templates", "classes"};

Path folder() { return cache_folder() / "templates"; }
Path kept_path(const std::string& fingerprint) { return folder() / (fingerprint + ".json"); }
Path record_path(const std::string& dataset, const std::string& name) { return folder() / dataset / (name + ".json"); }

std::string text(const Value& json, const char* key, const std::string& file) {
  if (!json.contains(key) || !json[key].is_string() || json[key].get<std::string>().empty())
    throw DataError(fmt::format("{}: '{}' must be a text", file, key));
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

// EuroSAT is eurosat, OxfordPets oxford-pets.
std::string plain_name(const std::string& name) {
  std::string result;
  for (unsigned char c : name)
    if (std::isalnum(c)) result += static_cast<char>(std::tolower(c));
  return result;
}

// Names that people take for the same.
std::string folded(const std::string& name) {
  std::string result;
  for (unsigned char c : name)
    if (c != ' ' && c != '_' && c != '-') result += static_cast<char>(std::tolower(c));
  return result;
}

// The class of the data set that a file's name means: the same one, or the only one that differs in what people
// overlook.
std::optional<std::string> class_meant(const std::string& name, const std::vector<std::string>& class_names) {
  if (std::find(class_names.begin(), class_names.end(), name) != class_names.end()) return name;
  std::set<std::string> alike;
  for (const std::string& known : class_names)
    if (folded(known) == folded(name)) alike.insert(known);
  if (alike.size() != 1) return std::nullopt;
  return *alike.begin();
}

// As classify_by_description makes sentences of descriptors, word beginnings for words included ("antlers" begin with
// an a).
std::string sentence_of(const std::string& descriptor) {
  auto begins = [&](std::initializer_list<const char*> starts) {
    return std::any_of(starts.begin(), starts.end(), [&](const char* start) { return descriptor.starts_with(start); });
  };
  return fmt::format("{{}}, {}{}",
                     begins({"a", "used"})                                 ? "which is "
                     : begins({"has", "often", "typically", "may", "can"}) ? "which "
                                                                           : "which has ",
                     descriptor);
}

TemplateFile with_sentences(TemplateFile file, const std::string& name) {
  if (!file.is_plain())
    throw UsageError(
        fmt::format("{}: --descriptors is for files of the plain form, this one has a \"format\": its texts say {{}} "
                    "where the name belongs",
                    name));
  for (auto& [label, texts] : file.classes)
    for (std::string& text : texts) {
      if (places_in(text))
        throw DataError(fmt::format("{}: class '{}': the descriptor '{}' has {{}} for the class name", name,
                                    printable(label), printable(text)));
      text = sentence_of(text);
    }
  return file;
}

// Whether any text names its class.
bool names_classes(const TemplateFile& file) {
  return std::any_of(file.classes.begin(), file.classes.end(), [](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(), [&](const std::string& text) {
      return places_in(text) || folded(text).find(folded(entry.first)) != std::string::npos;
    });
  });
}

void require_name(const std::string& name) {
  require_record_name(name, "templates");
  for (const std::string& own : template_set_names())
    if (name == own) throw UsageError(fmt::format("name of templates: {} is a set that winnow ships", own));
  for (const std::string& word : own_prompt_words())
    if (name == word) throw UsageError(fmt::format("name of templates: {} means each data set's own prompt", word));
}

// Of a shipped or a recorded file: read(file, its name for messages).
template <class Read>
auto with_fingerprint(const std::string& fingerprint, Read read) {
  for (const ShippedFile& file : shipped_files())
    if (hash_of(file.content).hex() == fingerprint) {
      std::string name = fmt::format("the shipped class texts of {}", file.dataset);
      return read(TemplateFile::parse(std::string(file.content), name), name);
    }
  Path path = kept_path(fingerprint);
  if (!is_there(path))
    throw DataError(fmt::format("templates of fingerprint {} are not on this machine: run winnow data templates here",
                                fingerprint));
  std::string content = read_file(path);
  if (hash_of(content).hex() != fingerprint)
    throw DataError(fmt::format("{} is damaged: run winnow data templates again", path.string()));
  return read(TemplateFile::parse(content, path.string()), path.string());
}

}  // namespace

TemplateFile TemplateFile::parse(const std::string& content, const std::string& file) {
  Value json = parse_json(content, file);
  TemplateFile result;
  bool plain = json.is_object() && !json.empty() &&
               std::all_of(json.begin(), json.end(), [](const Value& texts) { return texts.is_array(); });
  if (!plain) {
    if (!json.is_object() || !json.contains("format") || json["format"] != kFormat)
      throw DataError(fmt::format(
          "{}: no file of templates: \"format\" must be \"{}\", or each entry a class with its list of texts", file,
          kFormat));
    for (const auto& [key, value] : json.items())
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
        throw DataError(fmt::format("{}: unknown key '{}'{}; known: {}", file, printable(key), did_you_mean(key, kKeys),
                                    fmt::join(kKeys, ", ")));
    result.dataset = text(json, "dataset", file);
    result.source = text(json, "source", file);
    if (json.contains("templates")) result.templates = texts_in(json["templates"], "templates", file);
    for (const std::string& one : result.templates)
      if (std::string fault = fault_of_template(one); !fault.empty())
        throw DataError(fmt::format("{}: {}", file, fault));
    if (!json.contains("classes")) return result;
    if (!json["classes"].is_object())
      throw DataError(fmt::format("{}: 'classes' must give a list of texts for each class name", file));
  }
  const Value& classes = plain ? json : json["classes"];
  for (const auto& [name, texts] : classes.items()) {
    result.classes[name] = texts_in(texts, fmt::format("class '{}'", printable(name)), file);
    for (const std::string& one : result.classes[name])
      if (places_in(one) > 1)
        throw DataError(fmt::format("{}: class '{}': the text '{}' has {} {{}} for the class name, it may have one",
                                    file, printable(name), printable(one), places_in(one)));
  }
  return result;
}

TemplateFile TemplateFile::of(const std::vector<std::string>& class_names, const std::string& file,
                              bool ignore_unknown) const {
  TemplateFile result{dataset, source, templates, {}};
  std::map<std::string, std::string> meant;  // class of the data set -> name in the file
  std::vector<std::string> unknown, missing, mistakes;
  for (const auto& [name, texts] : classes) {
    std::optional<std::string> known = class_meant(name, class_names);
    if (!known) {
      unknown.push_back(fmt::format("'{}'{}", printable(name), did_you_mean(name, class_names)));
      continue;
    }
    auto [first, fresh] = meant.emplace(*known, name);
    if (!fresh)
      throw DataError(fmt::format("{}: '{}' and '{}' are both the class '{}'", file, printable(first->second),
                                  printable(name), printable(*known)));
    result.classes[*known] = texts;
  }
  for (const std::string& name : class_names)
    if (auto own = result.classes.find(name); templates.empty() && (own == result.classes.end() || own->second.empty()))
      missing.push_back("'" + printable(name) + "'");
  if (!unknown.empty() && !ignore_unknown)
    mistakes.push_back(fmt::format("the data set has no class {}{}", fmt::join(unknown, ", "),
                                   missing.empty() ? " (--ignore-unknown leaves such texts out)" : ""));
  if (!missing.empty())
    mistakes.push_back(fmt::format("class{} {} {} no text", missing.size() > 1 ? "es" : "", fmt::join(missing, ", "),
                                   missing.size() > 1 ? "have" : "has"));
  if (!mistakes.empty()) throw DataError(fmt::format("{}: {}", file, fmt::join(mistakes, "; ")));
  return result;
}

std::string TemplateFile::json() const {
  return Value{{"format", kFormat},
               {"dataset", dataset},
               {"source", source},
               {"templates", templates},
               {"classes", classes}}
             .dump(1) +
         "\n";
}

std::vector<std::vector<std::string>> TemplateFile::texts(const std::vector<std::string>& class_names,
                                                          const std::string& file) const {
  TemplateFile own = of(class_names, file);
  std::vector<std::vector<std::string>> result;
  for (const std::string& name : class_names) {
    std::vector<std::string>& texts = result.emplace_back();
    for (const std::string& one : templates) texts.push_back(prompt(one, name));
    for (const std::string& one : own.classes[name]) texts.push_back(places_in(one) ? prompt(one, name) : one);
  }
  return result;
}

TemplateRecord record_templates(const std::string& name, const Record& dataset, const Path& file,
                                const TemplateReading& reading) {
  require_name(name);
  std::string content = read_file(file);
  TemplateFile parsed = TemplateFile::parse(content, file.string());
  bool plain = parsed.is_plain();
  if (!plain && plain_name(parsed.dataset) != plain_name(dataset.name))
    throw DataError(fmt::format("{}: templates of the data set {}, not of {}", file.string(), printable(parsed.dataset),
                                dataset.name));
  TemplateFile own = (reading.descriptors ? with_sentences(parsed, file.string()) : parsed)
                         .of(dataset.classes, file.string(), reading.ignore_unknown);
  if (plain)
    own.dataset = dataset.name,
    own.source =
        fmt::format("plain class texts{}, {}", reading.descriptors ? ", of descriptors" : "", hash_of(content).hex());
  if (plain || own.classes.size() < parsed.classes.size()) content = own.json();
  TemplateRecord record{name, dataset.name, hash_of(content).hex(), own.templates.size(), 0, ""};
  for (const auto& texts : own.texts(dataset.classes, file.string())) record.texts += texts.size();
  if (plain && !names_classes(own))
    record.note =
        "no text names its class; if these are descriptors, --descriptors makes sentences of them: \"NAME, which has "
        "...\"";
  for (const TemplateRecord& shipped : shipped_templates())
    if (shipped.dataset == dataset.name && shipped.name == name && shipped.fingerprint != record.fingerprint)
      record.note += fmt::format("{}on this machine these take the place of the texts that winnow ships as {}",
                                 record.note.empty() ? "" : "; ", name);
  make_folders(record_path(dataset.name, name).parent_path());
  write_file_atomically(kept_path(record.fingerprint), content);
  Value json = {{"name", name},
                {"dataset", dataset.name},
                {"fingerprint", record.fingerprint},
                {"templates", record.templates},
                {"texts", record.texts}};
  write_file_atomically(record_path(dataset.name, name), json.dump(1) + "\n");
  return record;
}

std::vector<TemplateRecord> recorded_templates() {
  std::vector<TemplateRecord> result;
  read_records_of_datasets(folder(), "a record of templates", "winnow data templates", [&](const Value& json) {
    result.push_back({json.at("name").get<std::string>(), json.at("dataset").get<std::string>(),
                      Hash128::parse(json.at("fingerprint").get<std::string>()).hex(),
                      json.at("templates").get<std::size_t>(), json.at("texts").get<std::size_t>(), ""});
  });
  std::sort(result.begin(), result.end(), [](const TemplateRecord& a, const TemplateRecord& b) {
    return std::tie(a.dataset, a.name) < std::tie(b.dataset, b.name);
  });
  return result;
}

std::vector<TemplateRecord> shipped_templates() {
  std::vector<TemplateRecord> result;
  for (const ShippedFile& file : shipped_files())
    result.push_back({kShippedTexts, std::string(file.dataset), hash_of(file.content).hex(), 0, 0, ""});
  return result;
}

std::vector<std::vector<std::string>> recorded_texts(const std::string& fingerprint,
                                                     const std::vector<std::string>& class_names) {
  return with_fingerprint(
      fingerprint, [&](const TemplateFile& file, const std::string& name) { return file.texts(class_names, name); });
}

std::vector<std::vector<std::string>> recorded_descriptions(const std::string& fingerprint,
                                                            const std::vector<std::string>& class_names) {
  return with_fingerprint(fingerprint, [&](TemplateFile file, const std::string& name) {
    if (file.classes.empty())
      throw DataError(fmt::format("{}: no class has texts of its own: they are templates alone", name));
    TemplateFile of_classes = file.of(class_names, name);
    of_classes.templates.clear();
    return of_classes.texts(class_names, name);
  });
}

}  // namespace winnow::data
