// What a data set's preset says.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "layout.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/data/dataset.h"

namespace winnow::data {

namespace {

// Where an entry stands, by its dotted key: with its line, or that of the nearest table around it, if that is known.
struct Places {
  const std::string& source;
  const std::map<std::string, int>& lines;

  std::string of(std::string entry) const {
    for (;;) {
      if (auto found = lines.find(entry); found != lines.end()) return fmt::format("{}:{}", source, found->second);
      std::size_t dot = entry.rfind('.');
      if (dot == std::string::npos) return source;
      entry.resize(dot);
    }
  }
};

// Entries of a preset by name. UsageError naming their place and the entry for one that is missing or of another type.
class Entries {
 public:
  Entries(const Value& table, const Places& places, std::string prefix = "")
      : table_(table), places_(places), prefix_(std::move(prefix)) {
    if (!table_.is_object())
      throw UsageError(fmt::format("{}: {} must be a table, it is {}", places_.of(prefix_),
                                   prefix_.empty() ? "a preset" : prefix_, brief(table_)));
  }

  bool has(const char* key) const { return table_.contains(key); }
  void require(const char* key, const char* meaning) const {
    if (!has(key)) throw UsageError(fmt::format("{}: {} is missing: {}", place(key), named(key), meaning));
  }
  std::string text(const std::string& key) const {
    const Value& value = table_.at(key);
    if (!value.is_string()) wrong(key, "a text", value);
    return value.get<std::string>();
  }
  std::string text(const char* key, const char* fallback) const { return has(key) ? text(key) : fallback; }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> result;
    if (!has(key)) return result;
    const Value& value = table_.at(key);
    if (!value.is_array()) wrong(key, "a list of texts", value);
    for (const Value& one : value) {
      if (!one.is_string()) wrong(key, "a list of texts", value);
      result.push_back(one.get<std::string>());
    }
    return result;
  }
  std::string text_or_integer(const std::string& key) const {
    const Value& value = table_.at(key);
    if (!value.is_string() && !value.is_number_integer()) wrong(key, "a text or a whole number", value);
    return value.is_string() ? value.get<std::string>() : std::to_string(value.get<std::int64_t>());
  }
  bool flag(const char* key) const {
    if (has(key) && !table_.at(key).is_boolean()) wrong(key, "true or false", table_.at(key));
    return has(key) && table_.at(key).get<bool>();
  }
  std::int64_t count(const std::string& key) const {
    const Value& value = table_.at(key);
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0) wrong(key, "a whole number, 0 or more", value);
    return value.get<std::int64_t>();
  }
  Entries table(const std::string& key) const {
    return {table_.contains(key) ? table_.at(key) : Value::object(), places_, named(key)};
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> result;
    for (const auto& [key, value] : table_.items()) result.push_back(key);
    return result;
  }
  std::string place(const std::string& key) const { return places_.of(named(key)); }
  void only(const std::vector<std::string>& known) const {
    for (const std::string& key : keys())
      if (std::find(known.begin(), known.end(), key) == known.end())
        throw UsageError(fmt::format("{}: {} is none of {}{}", place(key), named(key), fmt::join(known, ", "),
                                     did_you_mean(key, known)));
  }

 private:
  std::string named(const std::string& key) const { return prefix_.empty() ? key : prefix_ + "." + key; }
  [[noreturn]] void wrong(const std::string& key, const char* wanted, const Value& got) const {
    throw UsageError(fmt::format("{}: {} must be {}, it is {}", place(key), named(key), wanted, brief(got)));
  }

  Value table_;
  const Places& places_;
  std::string prefix_;
};

}  // namespace

Manifest Manifest::from_preset(const std::string& name, const Value& preset, const std::string& source,
                               const std::map<std::string, int>& lines) {
  const Places places{source, lines};
  Entries entries(preset, places);
  entries.require("layout", "how the data lie on disks");
  entries.require("roots", "the folders to look in, a list");
  entries.require("files", "a table of what the layout needs, below the root");
  Manifest result{name,
                  source,
                  entries.text("layout"),
                  entries.texts("roots"),
                  {},
                  entries.texts("classes"),
                  entries.text("package", ""),
                  entries.text("download", "")};
  auto at = [&](const std::string& entry) { return places.of(entry); };
  Entries files = entries.table("files"), options = entries.table("options"), expected = entries.table("expected"),
          labels = entries.table("labels");
  for (const std::string& role : files.keys()) result.files[role] = files.text(role);
  auto rules = rules_of(result.layout);
  if (!rules)
    throw UsageError(fmt::format("{}: layout '{}' is not known{}; known: {}", at("layout"), result.layout,
                                 did_you_mean(result.layout, layout_names()), fmt::join(layout_names(), ", ")));
  result.test_only = entries.flag("test_only");
  bool one_file = result.layout == "split-json";  // of which a data set may be one list
  if (result.test_only && !one_file && (has_arrays(result) || !rules->splits_apart()))
    throw UsageError(
        fmt::format("{}: test_only: layout {} has no test images apart from others", at("test_only"), result.layout));
  if (result.test_only) std::erase(rules->files, "train");
  for (const std::string& role : rules->files)
    if (!result.files.count(role))
      throw UsageError(fmt::format("{}: files.{} is missing: layout {} wants {}", at("files"), role, result.layout,
                                   fmt::join(rules->files, ", ")));
  std::vector<std::string> roles = rules->files;
  roles.insert(roles.end(), rules->optional_files.begin(), rules->optional_files.end());
  for (const auto& [role, file] : result.files)
    if (std::find(roles.begin(), roles.end(), role) == roles.end())
      throw UsageError(fmt::format("{}: layout {} has no use for files.{}{}", at("files." + role), result.layout, role,
                                   did_you_mean(role, roles)));
  for (const std::string& key : options.keys()) {
    if (std::find(rules->options.begin(), rules->options.end(), key) == rules->options.end())
      throw UsageError(fmt::format("{}: layout {} has no option '{}'{}", at("options." + key), result.layout, key,
                                   did_you_mean(key, rules->options)));
    result.options[key] = options.text_or_integer(key);
  }
  expected.only({"classes", "train", "test"});
  for (const std::string& key : expected.keys())
    (key == "classes" ? result.expected_classes
     : key == "train" ? result.expected_train
                      : result.expected_test) = expected.count(key);
  for (const std::string& set : labels.keys()) {
    Entries declared = labels.table(set);
    declared.only({"gives"});
    declared.require("gives", "\"labels\" or \"candidates\"");
    std::string gives = declared.text("gives");
    if (gives != "labels" && gives != "candidates")
      throw UsageError(fmt::format("{}: labels.{}.gives must be \"labels\" or \"candidates\", got \"{}\"",
                                   at("labels." + set + ".gives"), set, gives));
    result.labels[set] = gives == "candidates";
  }
  result.corrupt = entries.text("corrupt", "error");
  if (result.corrupt != "error" && result.corrupt != "skip")
    throw UsageError(
        fmt::format("{}: corrupt must be \"error\" or \"skip\", got \"{}\"", at("corrupt"), result.corrupt));
  for (auto name = result.classes.begin(); name != result.classes.end(); ++name)
    if (auto first = std::find(result.classes.begin(), name, *name); first != name)
      throw UsageError(fmt::format("{}: classes {} and {} are both called '{}': tell them apart", at("classes"),
                                   first - result.classes.begin(), name - result.classes.begin(), *name));
  bool says_classes = !result.classes.empty();
  if (says_classes ? result.classes.size() < 2 : has_arrays(result) && !result.files.count("class_names"))
    throw UsageError(fmt::format("{}: a data set needs at least 2 classes", at("classes")));
  return result;
}

}  // namespace winnow::data
