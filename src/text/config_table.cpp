#include "winnow/text/config_table.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/text/family.h"

namespace winnow::text {

namespace {

DataError wrong(const std::string& table, const char* key, const char* wanted, const Value& got) {
  return DataError(fmt::format("{}.{}: expected {}, got {}", table, key, wanted, brief(got)));
}

}  // namespace

ConfigTable::ConfigTable(const Value& table, std::string name) : table_(table), name_(std::move(name)) {
  if (!table_.is_object()) throw DataError(fmt::format("{} is not a table", name_));
}

ConfigTable ConfigTable::table(const char* key) const {
  return {has(key) ? table_[key] : Value::object(), fmt::format("{}: {}", name_, key)};
}

std::int64_t ConfigTable::size(const char* key, std::int64_t fallback) const {
  if (!has(key)) return fallback;
  const Value& value = table_[key];
  if (!value.is_number_integer() || value.get<std::int64_t>() < 1)
    throw wrong(name_, key, "an integer of at least 1", value);
  return value.get<std::int64_t>();
}

std::int64_t ConfigTable::side(const char* key, std::int64_t fallback) const {
  if (!has(key)) return fallback;
  const Value& value = table_[key];
  if (!value.is_array()) return size(key, fallback);
  if (value.size() != 2 || value[0] != value[1] || !value[0].is_number_integer() || value[0].get<std::int64_t>() < 1)
    throw wrong(name_, key, "an integer of at least 1, or two equal ones", value);
  return value[0].get<std::int64_t>();
}

double ConfigTable::real(const char* key, double fallback) const {
  if (!has(key)) return fallback;
  if (!table_[key].is_number()) throw wrong(name_, key, "a number", table_[key]);
  return table_[key].get<double>();
}

bool ConfigTable::flag(const char* key, bool fallback) const {
  if (!has(key)) return fallback;
  if (!table_[key].is_boolean()) throw wrong(name_, key, "true or false", table_[key]);
  return table_[key].get<bool>();
}

std::string ConfigTable::text(const char* key, const std::string& fallback) const {
  if (!has(key)) return fallback;
  if (!table_[key].is_string()) throw wrong(name_, key, "a text", table_[key]);
  return table_[key].get<std::string>();
}

std::vector<std::int64_t> ConfigTable::sizes(const char* key, std::vector<std::int64_t> fallback) const {
  if (!has(key)) return fallback;
  std::vector<std::int64_t> result;
  bool fits = table_[key].is_array() && !table_[key].empty();
  if (fits)
    for (const Value& value : table_[key]) {
      fits = fits && value.is_number_integer() && value.get<std::int64_t>() >= 1;
      if (fits) result.push_back(value.get<std::int64_t>());
    }
  if (!fits) throw wrong(name_, key, "integers of at least 1", table_[key]);
  return result;
}

std::vector<std::string> ConfigTable::keys() const {
  std::vector<std::string> result;
  for (const auto& [key, value] : table_.items())
    if (!value.is_null() && value != Value(false)) result.push_back(key);
  return result;
}

std::string ConfigTable::shown(const std::string& key) const {
  const Value& value = table_.at(key);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

ConfigTable section_of(const SnapshotFiles& snapshot, const char* key) {
  ConfigTable all(snapshot.config, snapshot.source + "/config.json");
  std::string older = std::string(key) + "_dict";
  return all.table(kind_of(snapshot).family == Family::clip && all.has(older.c_str()) ? older.c_str() : key);
}

void require_multiple(const std::string& where, const char* what, std::int64_t whole, const char* of,
                      std::int64_t part) {
  if (whole % part != 0)
    throw DataError(fmt::format("{}: {} {} is no multiple of {} {}", where, what, whole, of, part));
}

}  // namespace winnow::text
