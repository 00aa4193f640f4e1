// TOML with line numbers. Only toml_text.cpp includes toml++, which compiles slowly and forgets the order of keys.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::sweep {

// Where something is written. `line` 0: the whole of `file`.
struct Place {
  std::string file;
  int line = 0;
  std::string text() const { return line > 0 ? file + ":" + std::to_string(line) : file; }
};

// A TOML value and the line that it begins on. Tables keep the order of the file.
struct Item {
  enum class Kind { scalar, array, table };
  Kind kind = Kind::table;
  int line = 0;
  Value scalar;
  std::vector<Item> items;
  std::vector<std::pair<std::string, Item>> entries;

  Value json() const;
};

// UsageError "FILE:LINE: ..." for text that is not TOML, and for dates and times, which no setting holds.
Item parse_toml(std::string_view text, const std::string& file);

// One value as TOML writes it: `0.5`, `"flip"`, `[1, 2]`; a bare word counts as text, so that `--set method=cc` needs
// no quotes in a shell.
Value parse_toml_value(std::string_view text, const std::string& where);

}  // namespace winnow::sweep
