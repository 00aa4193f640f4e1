// Reads a declared key, `[keys.NAME]` of a preset.
#pragma once

#include "winnow/sweep/toml_text.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

Key read_key(const std::string& name, const Item& table, const std::string& file);   // UsageError with file and line

// "=labels.rate" names another setting; the name, or "" for an ordinary value.
std::string referred_key(const Value& value);

// Does it name class texts: `template` or `prompt`, also of a scorer or of a stage's table?
bool names_prompt(const std::string& key);

}  // namespace winnow::sweep
