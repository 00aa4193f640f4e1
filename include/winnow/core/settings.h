// Typed settings under dotted keys ("train.lr"), and the declarations that say which keys exist and what they may hold.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace winnow {

using Value = nlohmann::json;  // null, bool, int64, double, string, array, object with sorted keys

// A flat, sorted map of settings. Reading is recorded, so that a test can compare what was read with what was declared.
// Getters throw UsageError naming key, value and expected type.
class Settings {
 public:
  Settings() = default;
  explicit Settings(std::map<std::string, Value> values) : values_(std::move(values)) {}
  Settings(const Settings& other) : values_(other.values_) {}
  Settings& operator=(const Settings& other);

  bool has(std::string_view key) const;
  const Value& at(std::string_view key) const;  // recorded
  bool flag(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double real(std::string_view key) const;  // an integer is a real, too
  std::string text(std::string_view key) const;
  std::vector<double> reals(std::string_view key) const;

  void set(const std::string& key, Value value) { values_[key] = std::move(value); }
  void erase(const std::string& key) { values_.erase(key); }
  const std::map<std::string, Value>& all() const { return values_; }  // not recorded
  std::set<std::string> read() const;                                  // keys read so far

 private:
  std::map<std::string, Value> values_;
  mutable std::mutex mutex_;  // guards read_; settings are shared by threads of a stage
  mutable std::set<std::string> read_;
};

// Nested tables to dotted keys and back. Arrays are values.
std::map<std::string, Value> flatten(const Value& table, const std::string& prefix = "");

// One declared key.
struct Declaration {
  enum class Type { flag, integer, real, text, reals };
  std::string key;
  Type type = Type::real;
  std::optional<double> min, max;             // closed interval
  bool above_min = false, below_max = false;  // open at that end
  std::vector<std::string> words;  // legal words; empty: any text. With a number type: words allowed besides numbers
  std::optional<Value> fallback;   // declared default; none: must be set
  std::string help;

  // The value in its declared type (an integer becomes a real where reals are declared), or UsageError with
  // "expected a number in [0, 1], got 1.5". The caller adds where.
  Value check(const Value& value) const;
  std::string allowed() const;  // "a number in (0, 1]", "one of a, b"
};

std::string_view to_string(Declaration::Type);
Declaration::Type parse_declaration_type(std::string_view);  // throws UsageError listing the legal words

}  // namespace winnow
