// What a data set's preset says.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "layout.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"

namespace winnow::data {

Manifest Manifest::from_preset(const std::string& name, const Value& preset, const std::string& source) {
  try {
    Manifest result{name,
                    source,
                    preset.at("layout").get<std::string>(),
                    preset.at("roots").get<std::vector<std::string>>(),
                    preset.at("files").get<std::map<std::string, std::string>>(),
                    preset.value("classes", std::vector<std::string>{}),
                    preset.value("package", ""),
                    preset.value("download", "")};
    auto rules = rules_of(result.layout);
    if (!rules)
      throw UsageError(fmt::format("{}: layout '{}' is not known{}; known: {}", source, result.layout, did_you_mean(result.layout, layout_names()),
                                   fmt::join(layout_names(), ", ")));
    for (const std::string& role : rules->files)
      if (!result.files.count(role)) throw UsageError(fmt::format("{}: files.{} is missing", source, role));
    std::vector<std::string> roles = rules->files;
    roles.insert(roles.end(), rules->optional_files.begin(), rules->optional_files.end());
    for (const auto& [role, file] : result.files)
      if (std::find(roles.begin(), roles.end(), role) == roles.end())
        throw UsageError(fmt::format("{}: layout {} has no use for files.{}{}", source, result.layout, role, did_you_mean(role, roles)));
    if (preset.contains("options"))
      for (const auto& [key, value] : preset["options"].items()) {
        if (std::find(rules->options.begin(), rules->options.end(), key) == rules->options.end())
          throw UsageError(fmt::format("{}: layout {} has no option '{}'{}", source, result.layout, key, did_you_mean(key, rules->options)));
        result.options[key] = value.is_string() ? value.get<std::string>() : std::to_string(value.get<std::int64_t>());
      }
    Value expected = preset.value("expected", Value::object());
    for (const auto& [key, value] : expected.items())
      (key == "classes" ? result.expected_classes : key == "train" ? result.expected_train : key == "test" ? result.expected_test
          : throw UsageError(fmt::format("{}: expected.{} is none of classes, train, test", source, key))) = value.get<std::int64_t>();
    Value labels = preset.value("labels", Value::object());
    for (const auto& [set, declared] : labels.items()) {
      std::string gives = declared.at("gives").get<std::string>();
      if (gives != "labels" && gives != "candidates")
        throw UsageError(fmt::format("{}: labels.{}.gives must be \"labels\" or \"candidates\", got \"{}\"", source, set, gives));
      result.labels[set] = gives == "candidates";
    }
    result.corrupt = preset.value("corrupt", "error");
    if (result.corrupt != "error" && result.corrupt != "skip")
      throw UsageError(fmt::format("{}: corrupt must be \"error\" or \"skip\", got \"{}\"", source, result.corrupt));
    for (auto name = result.classes.begin(); name != result.classes.end(); ++name)
      if (auto first = std::find(result.classes.begin(), name, *name); first != name)
        throw UsageError(fmt::format("{}: classes {} and {} are both called '{}': tell them apart", source, first - result.classes.begin(), name - result.classes.begin(), *name));
    bool says_classes = !result.classes.empty();
    if (says_classes ? result.classes.size() < 2 : has_arrays(result) && !result.files.count("class_names"))
      throw UsageError(fmt::format("{}: a data set needs at least 2 classes", source));
    return result;
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(fmt::format("{}: {}", source, error.what()));
  }
}

}  // namespace winnow::data
