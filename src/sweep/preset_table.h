// A table of a preset, entry by entry. Whatever is not as it must be is refused with file and line, and with what is
// allowed there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "winnow/core/error.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/sweep/toml_text.h"

namespace winnow::sweep {

// UsageError by all of its functions. Refers to the item, which must live as long.
class PresetTable {
 public:
  // `name`: how messages call it, "pretrain"; empty for the whole preset.
  PresetTable(const Item& table, std::string file, std::string name = "");

  bool has(std::string_view entry) const { return find(entry) != nullptr; }
  Place place() const { return {file_, table_.line}; }
  Place place(std::string_view entry) const;               // of the entry; the table's own where it has none
  void only(const std::vector<std::string>& known) const;  // entries beyond those are mistakes
  void require(std::string_view entry) const;

  // Without the entry: "", false, none. `require` it first where it must be there.
  std::string text(std::string_view entry) const;
  std::string word(std::string_view entry, const std::vector<std::string>& words) const;  // one of them
  std::vector<std::string> texts(std::string_view entry) const;
  std::vector<std::string> words(std::string_view entry, const std::vector<std::string>& words) const;
  bool flag(std::string_view entry) const;
  std::int64_t count(std::string_view entry) const;  // 0 or more
  std::vector<std::int64_t> counts(std::string_view entry) const;
  double number(std::string_view entry) const;
  std::vector<double> numbers(std::string_view entry) const;
  Assignments assignments(std::string_view entry) const;
  std::vector<std::pair<std::string, PresetTable>> tables(std::string_view entry) const;  // of a table of tables
  std::vector<PresetTable> list(std::string_view entry) const;                            // of [[entry]]
  const Item* find(std::string_view entry) const;
  const std::string& file() const { return file_; }
  const Item& item() const { return table_; }

 private:
  std::string named(std::string_view entry) const;
  [[noreturn]] void wrong(std::string_view entry, const Item& item, std::string_view wanted) const;
  // The items of a list that all are as `is` asks.
  std::vector<Value> list_of(std::string_view entry, bool (*is)(const Item&), std::string_view wanted) const;
  std::string text_of(std::string_view entry, const Item& item, std::string_view wanted) const;

  const Item& table_;
  std::string file_, name_;
};

// UsageError of `read`, which knows no file, with its place.
template <class Read>
auto placed(const Place& place, Read read) {
  try {
    return read();
  } catch (const UsageError& error) {
    throw UsageError(place.text() + ": " + error.what());
  }
}

// The line of every entry below `table` by its dotted key: "profiles.reference.train.lr"; entries of a list of tables
// by number: "recipes.0.set.beta".
std::map<std::string, int> lines_of(const Item& table);

}  // namespace winnow::sweep
