#include "winnow/sweep/toml_text.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "winnow/core/byte_order_mark.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

Item convert(const toml::node& node, const std::string& file);

Item convert_table(const toml::table& table, const std::string& file) {
  struct Entry {
    toml::source_position at;
    std::string key;
    const toml::node* node;
  };
  std::vector<Entry> entries;
  for (const auto& [key, node] : table) entries.push_back({key.source().begin, std::string(key.str()), &node});
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.at < b.at; });
  Item item{.kind = Item::Kind::table};
  for (const Entry& entry : entries) {
    Item value = convert(*entry.node, file);
    value.line = static_cast<int>(entry.at.line);
    item.entries.emplace_back(entry.key, std::move(value));
  }
  return item;
}

Item convert(const toml::node& node, const std::string& file) {
  int line = static_cast<int>(node.source().begin.line);
  Item item{.kind = Item::Kind::scalar};
  if (const toml::table* table = node.as_table()) {
    item = convert_table(*table, file);
  } else if (const toml::array* array = node.as_array()) {
    item.kind = Item::Kind::array;
    for (const toml::node& element : *array) item.items.push_back(convert(element, file));
  } else if (auto flag = node.value_exact<bool>()) {
    item.scalar = *flag;
  } else if (auto integer = node.value_exact<std::int64_t>()) {
    item.scalar = *integer;
  } else if (auto real = node.value_exact<double>()) {
    item.scalar = *real;
  } else if (auto text = node.value_exact<std::string>()) {
    item.scalar = *text;
  } else {
    throw UsageError(fmt::format("{}: dates and times are no settings", Place{file, line}.text()));
  }
  item.line = line;
  return item;
}

}  // namespace

Value Item::json() const {
  if (kind == Kind::scalar) return scalar;
  Value result = kind == Kind::array ? Value::array() : Value::object();
  for (const Item& item : items) result.push_back(item.json());
  for (const auto& [key, item] : entries) result[key] = item.json();
  return result;
}

Item parse_toml(std::string_view text, const std::string& file) {
  try {
    return convert_table(toml::parse(without_byte_order_mark(text, file), file), file);
  } catch (const toml::parse_error& error) {
    std::string_view what = error.description();
    throw UsageError(fmt::format("{}: not TOML: {}{}", Place{file, static_cast<int>(error.source().begin.line)}.text(),
                                 what, what.find("utf-8") != std::string_view::npos ? "; save the file as UTF-8" : ""));
  }
}

Value parse_toml_value(std::string_view text, const std::string& where) {
  auto is_word = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
  try {
    Item item = parse_toml(fmt::format("value = {}", text), where);
    if (item.entries.size() == 1) return item.entries[0].second.json();
  } catch (const UsageError&) {
    if (!text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) &&
        std::all_of(text.begin(), text.end(), is_word))
      return std::string(text);
  }
  throw UsageError(fmt::format("{}: '{}' is no TOML value", where, text));
}

}  // namespace winnow::sweep
