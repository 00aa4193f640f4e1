// Reads a declared key, `[keys.NAME]` of a preset.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "winnow/sweep/catalogue.h"
#include "winnow/sweep/toml_text.h"

namespace winnow::sweep {

// What declarations may share by name: [words] and [conditions.NAME] of common.toml; and [groups.NAME.keys.*], keys
// that several methods declare alike.
struct NamedParts {
  std::map<std::string, std::vector<std::string>> words;
  std::map<std::string, std::map<std::string, std::vector<Value>>> conditions;
  std::map<std::string, std::vector<Key>> groups;
};
NamedParts read_named_parts(const Item& common, const std::string& file);

Key read_key(const std::string& name, const Item& table, const NamedParts&,
             const std::string& file);  // UsageError with file and line

// "=labels.rate" names another setting; the name, or "" for an ordinary value.
std::string referred_key(const Value& value);

// Does it name class texts: `template` or `prompt`, also of a scorer or of a stage's table?
bool names_prompt(const std::string& key);

}  // namespace winnow::sweep
