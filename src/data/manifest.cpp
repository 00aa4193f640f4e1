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

// Entries of a preset by name. UsageError naming the preset and the entry for one that is missing or of another type.
class Entries {
 public:
  Entries(const Value& table, std::string source, std::string prefix = "")
      : table_(table), source_(std::move(source)), prefix_(std::move(prefix)) {
    if (!table_.is_object())
      throw UsageError(fmt::format("{}: {} must be a table, it is {}", source_, prefix_.empty() ? "a preset" : prefix_,
                                   brief(table_)));
  }

  bool has(const char* key) const { return table_.contains(key); }
  void require(const char* key, const char* meaning) const {
    if (!has(key)) throw UsageError(fmt::format("{}: {} is missing: {}", source_, named(key), meaning));
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
  std::int64_t count(const std::string& key) const {
    const Value& value = table_.at(key);
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0) wrong(key, "a whole number, 0 or more", value);
    return value.get<std::int64_t>();
  }
  Entries table(const std::string& key) const {
    return {table_.contains(key) ? table_.at(key) : Value::object(), source_, named(key)};
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> result;
    for (const auto& [key, value] : table_.items()) result.push_back(key);
    return result;
  }

 private:
  std::string named(const std::string& key) const { return prefix_.empty() ? key : prefix_ + "." + key; }
  [[noreturn]] void wrong(const std::string& key, const char* wanted, const Value& got) const {
    throw UsageError(fmt::format("{}: {} must be {}, it is {}", source_, named(key), wanted, brief(got)));
  }

  Value table_;
  std::string source_, prefix_;
};

}  // namespace

Manifest Manifest::from_preset(const std::string& name, const Value& preset, const std::string& source) {
  Entries entries(preset, source);
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
  Entries files = entries.table("files"), options = entries.table("options"), expected = entries.table("expected"),
          labels = entries.table("labels");
  for (const std::string& role : files.keys()) result.files[role] = files.text(role);
  auto rules = rules_of(result.layout);
  if (!rules)
    throw UsageError(fmt::format("{}: layout '{}' is not known{}; known: {}", source, result.layout,
                                 did_you_mean(result.layout, layout_names()), fmt::join(layout_names(), ", ")));
  for (const std::string& role : rules->files)
    if (!result.files.count(role)) throw UsageError(fmt::format("{}: files.{} is missing", source, role));
  std::vector<std::string> roles = rules->files;
  roles.insert(roles.end(), rules->optional_files.begin(), rules->optional_files.end());
  for (const auto& [role, file] : result.files)
    if (std::find(roles.begin(), roles.end(), role) == roles.end())
      throw UsageError(fmt::format("{}: layout {} has no use for files.{}{}", source, result.layout, role,
                                   did_you_mean(role, roles)));
  for (const std::string& key : options.keys()) {
    if (std::find(rules->options.begin(), rules->options.end(), key) == rules->options.end())
      throw UsageError(fmt::format("{}: layout {} has no option '{}'{}", source, result.layout, key,
                                   did_you_mean(key, rules->options)));
    result.options[key] = options.text_or_integer(key);
  }
  for (const std::string& key : expected.keys())
    (key == "classes" ? result.expected_classes
     : key == "train" ? result.expected_train
     : key == "test"  ? result.expected_test
                      : throw UsageError(fmt::format("{}: expected.{} is none of classes, train, test", source, key))) =
        expected.count(key);
  for (const std::string& set : labels.keys()) {
    Entries declared = labels.table(set);
    declared.require("gives", "\"labels\" or \"candidates\"");
    std::string gives = declared.text("gives");
    if (gives != "labels" && gives != "candidates")
      throw UsageError(
          fmt::format("{}: labels.{}.gives must be \"labels\" or \"candidates\", got \"{}\"", source, set, gives));
    result.labels[set] = gives == "candidates";
  }
  result.corrupt = entries.text("corrupt", "error");
  if (result.corrupt != "error" && result.corrupt != "skip")
    throw UsageError(fmt::format("{}: corrupt must be \"error\" or \"skip\", got \"{}\"", source, result.corrupt));
  for (auto name = result.classes.begin(); name != result.classes.end(); ++name)
    if (auto first = std::find(result.classes.begin(), name, *name); first != name)
      throw UsageError(fmt::format("{}: classes {} and {} are both called '{}': tell them apart", source,
                                   first - result.classes.begin(), name - result.classes.begin(), *name));
  bool says_classes = !result.classes.empty();
  if (says_classes ? result.classes.size() < 2 : has_arrays(result) && !result.files.count("class_names"))
    throw UsageError(fmt::format("{}: a data set needs at least 2 classes", source));
  return result;
}

}  // namespace winnow::data
