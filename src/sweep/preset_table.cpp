#include "preset_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"

namespace winnow::sweep {

namespace {

bool is_number(const Item& item) { return item.kind == Item::Kind::scalar && item.scalar.is_number(); }
bool is_count(const Item& item) {
  return item.kind == Item::Kind::scalar && item.scalar.is_number_integer() && item.scalar.get<std::int64_t>() >= 0;
}

void add_lines(const Item& item, const std::string& path, std::map<std::string, int>& lines) {
  if (!path.empty()) lines[path] = item.line;
  std::string prefix = path.empty() ? "" : path + ".";
  for (const auto& [name, entry] : item.entries) add_lines(entry, prefix + name, lines);
  for (std::size_t i = 0; i < item.items.size(); ++i)
    if (item.items[i].kind == Item::Kind::table) add_lines(item.items[i], prefix + std::to_string(i), lines);
}

}  // namespace

std::map<std::string, int> lines_of(const Item& table) {
  std::map<std::string, int> lines;
  add_lines(table, "", lines);
  return lines;
}

PresetTable::PresetTable(const Item& table, std::string file, std::string name)
    : table_(table), file_(std::move(file)), name_(std::move(name)) {
  if (table.kind != Item::Kind::table)
    throw UsageError(fmt::format("{}: {} must be a table, it is {}", place().text(), name_, brief(table.json())));
}

const Item* PresetTable::find(std::string_view entry) const {
  for (const auto& [name, item] : table_.entries)
    if (name == entry) return &item;
  return nullptr;
}

std::string PresetTable::named(std::string_view entry) const {
  return name_.empty() ? std::string(entry) : fmt::format("{}.{}", name_, entry);
}

Place PresetTable::place(std::string_view entry) const {
  const Item* item = find(entry);
  return {file_, item ? item->line : table_.line};
}

void PresetTable::wrong(std::string_view entry, const Item& item, std::string_view wanted) const {
  throw UsageError(fmt::format("{}: {} must be {}, it is {}", Place{file_, item.line}.text(), named(entry), wanted,
                               brief(item.json())));
}

void PresetTable::only(const std::vector<std::string>& known) const {
  for (const auto& [name, item] : table_.entries)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError(fmt::format("{}: unknown entry '{}'{}; allowed: {}", Place{file_, item.line}.text(), named(name),
                                   did_you_mean(name, known), fmt::join(known, ", ")));
}

void PresetTable::require(std::string_view entry) const {
  if (!has(entry)) throw UsageError(fmt::format("{}: '{}' is missing", place().text(), named(entry)));
}

std::string PresetTable::text_of(std::string_view entry, const Item& item, std::string_view wanted) const {
  if (item.kind != Item::Kind::scalar || !item.scalar.is_string()) wrong(entry, item, wanted);
  return item.scalar.get<std::string>();
}

std::string PresetTable::text(std::string_view entry) const {
  const Item* item = find(entry);
  return item ? text_of(entry, *item, "a text") : "";
}

std::string PresetTable::word(std::string_view entry, const std::vector<std::string>& words) const {
  const Item* item = find(entry);
  if (!item) return "";
  std::string text = text_of(entry, *item, fmt::format("one of {}", fmt::join(words, ", ")));
  if (std::find(words.begin(), words.end(), text) == words.end())
    throw UsageError(fmt::format("{}: {} must be one of {}, it is '{}'{}", Place{file_, item->line}.text(),
                                 named(entry), fmt::join(words, ", "), text, did_you_mean(text, words)));
  return text;
}

std::vector<std::string> PresetTable::texts(std::string_view entry) const {
  const Item* item = find(entry);
  if (!item) return {};
  if (item->kind != Item::Kind::array) wrong(entry, *item, "a list of texts");
  std::vector<std::string> result;
  for (const Item& one : item->items) result.push_back(text_of(entry, one, "a list of texts"));
  return result;
}

std::vector<std::string> PresetTable::words(std::string_view entry, const std::vector<std::string>& words) const {
  std::vector<std::string> result = texts(entry);
  for (std::size_t i = 0; i < result.size(); ++i)
    if (std::find(words.begin(), words.end(), result[i]) == words.end())
      throw UsageError(fmt::format("{}: {}: unknown '{}'{}; known: {}", Place{file_, find(entry)->items[i].line}.text(),
                                   named(entry), result[i], did_you_mean(result[i], words), fmt::join(words, ", ")));
  return result;
}

bool PresetTable::flag(std::string_view entry) const {
  const Item* item = find(entry);
  if (!item) return false;
  if (item->kind != Item::Kind::scalar || !item->scalar.is_boolean()) wrong(entry, *item, "true or false");
  return item->scalar.get<bool>();
}

std::int64_t PresetTable::count(std::string_view entry) const {
  const Item* item = find(entry);
  if (!item) return 0;
  if (!is_count(*item)) wrong(entry, *item, "a whole number, 0 or more");
  return item->scalar.get<std::int64_t>();
}

double PresetTable::number(std::string_view entry) const {
  const Item* item = find(entry);
  if (!item) return 0;
  if (!is_number(*item)) wrong(entry, *item, "a number");
  return item->scalar.get<double>();
}

std::vector<Value> PresetTable::list_of(std::string_view entry, bool (*is)(const Item&),
                                        std::string_view wanted) const {
  std::vector<Value> result;
  const Item* item = find(entry);
  if (!item) return result;
  if (item->kind != Item::Kind::array || !std::all_of(item->items.begin(), item->items.end(), is))
    wrong(entry, *item, wanted);
  for (const Item& one : item->items) result.push_back(one.scalar);
  return result;
}

std::vector<std::int64_t> PresetTable::counts(std::string_view entry) const {
  std::vector<Value> all = list_of(entry, is_count, "a list of whole numbers");
  return {all.begin(), all.end()};
}

std::vector<double> PresetTable::numbers(std::string_view entry) const {
  std::vector<Value> all = list_of(entry, is_number, "a list of numbers");
  return {all.begin(), all.end()};
}

Assignments PresetTable::assignments(std::string_view entry) const {
  const Item* item = find(entry);
  return item ? flatten(PresetTable(*item, file_, named(entry)).table_.json()) : Assignments{};
}

std::vector<std::pair<std::string, PresetTable>> PresetTable::tables(std::string_view entry) const {
  std::vector<std::pair<std::string, PresetTable>> result;
  if (const Item* item = find(entry)) {
    PresetTable all(*item, file_, named(entry));
    for (const auto& [name, table] : item->entries)
      result.emplace_back(name, PresetTable(table, file_, all.named(name)));
  }
  return result;
}

std::vector<PresetTable> PresetTable::list(std::string_view entry) const {
  std::vector<PresetTable> result;
  const Item* item = find(entry);
  if (!item) return result;
  if (item->kind != Item::Kind::array) wrong(entry, *item, fmt::format("a list of tables, [[{}]]", entry));
  for (const Item& one : item->items) result.emplace_back(one, file_, named(entry));
  return result;
}

}  // namespace winnow::sweep
