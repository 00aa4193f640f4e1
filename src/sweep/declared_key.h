// Reads a declared key, `[keys.NAME]` of a preset.
#pragma once

#include "winnow/sweep/toml_text.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

Key read_key(const std::string& name, const Item& table, const std::string& file);   // UsageError with file and line

// "=labels.rate" names another setting; the name, or "" for an ordinary value.
std::string referred_key(const Value& value);

}  // namespace winnow::sweep
