#include "winnow/core/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/core/recorded_reads.h"
#include "winnow/core/words.h"

namespace winnow {

namespace {

constexpr Words<Declaration::Type>::Entry kTypeWords[] = {
    {Declaration::Type::flag, "flag"}, {Declaration::Type::integer, "integer"}, {Declaration::Type::real, "real"},
    {Declaration::Type::text, "text"}, {Declaration::Type::reals, "reals"},
};
constexpr Words<Declaration::Type> kTypes("type", kTypeWords);

// -0.0 and 0.0 mean the same, so they are one value: they would be two identities.
double plain_zero(double x) { return x == 0 ? 0.0 : x; }

UsageError wrong_type(std::string_view key, std::string_view expected, const Value& value) {
  return UsageError(fmt::format("{}: expected {}, got {}", key, expected, value.dump()));
}

}  // namespace

Settings& Settings::operator=(const Settings& other) {
  values_ = other.values_;
  read_.clear();
  return *this;
}

bool Settings::has(std::string_view key) const { return values_.count(std::string(key)) != 0; }

const Value& Settings::at(std::string_view key) const {
  std::string name(key);
  auto found = values_.find(name);
  if (found == values_.end()) throw UsageError(fmt::format("{} is not set", key));
  RecordedReads::note(name);
  std::lock_guard lock(mutex_);
  read_.insert(std::move(name));
  return found->second;
}

bool Settings::flag(std::string_view key) const {
  const Value& value = at(key);
  if (!value.is_boolean()) throw wrong_type(key, "true or false", value);
  return value.get<bool>();
}

std::int64_t Settings::integer(std::string_view key) const {
  const Value& value = at(key);
  if (!value.is_number_integer()) throw wrong_type(key, "an integer", value);
  return value.get<std::int64_t>();
}

double Settings::real(std::string_view key) const {
  const Value& value = at(key);
  if (!value.is_number()) throw wrong_type(key, "a number", value);
  return value.get<double>();
}

std::string Settings::text(std::string_view key) const {
  const Value& value = at(key);
  if (!value.is_string()) throw wrong_type(key, "a text", value);
  return value.get<std::string>();
}

std::vector<double> Settings::reals(std::string_view key) const {
  const Value& value = at(key);
  std::vector<double> result;
  if (!value.is_array()) throw wrong_type(key, "an array of numbers", value);
  for (const Value& item : value) {
    if (!item.is_number()) throw wrong_type(key, "an array of numbers", value);
    result.push_back(item.get<double>());
  }
  return result;
}

std::set<std::string> Settings::read() const {
  std::lock_guard lock(mutex_);
  return read_;
}

std::map<std::string, Value> flatten(const Value& table, const std::string& prefix) {
  std::map<std::string, Value> result;
  for (const auto& [key, value] : table.items()) {
    if (value.is_object()) result.merge(flatten(value, prefix + key + "."));
    else result[prefix + key] = value;
  }
  return result;
}

std::string Declaration::allowed() const {
  std::string words_text = fmt::format("{}{}", words.size() > 1 ? "one of " : "", fmt::join(words, ", "));
  std::string range;
  if (min && max) range = fmt::format(" in {}{}, {}{}", above_min ? '(' : '[', *min, *max, below_max ? ')' : ']');
  else if (min) range = fmt::format(" {} {}", above_min ? "above" : "of at least", *min);
  else if (max) range = fmt::format(" {} {}", below_max ? "below" : "of at most", *max);
  switch (type) {
    case Type::flag: return "true or false";
    case Type::text: return words.empty() ? "a text" : words_text;
    case Type::integer: return "an integer" + range + (words.empty() ? "" : " or " + words_text);
    case Type::real: return "a number" + range + (words.empty() ? "" : " or " + words_text);
    case Type::reals: return "an array of numbers" + range;
  }
  return "";
}

Value Declaration::check(const Value& value) const {
  auto refuse = [&] {
    std::string near = value.is_string() ? did_you_mean(value.get<std::string>(), words) : "";
    return UsageError(fmt::format("expected {}, got {}{}", allowed(), brief(value), near));
  };
  auto in_range = [&](double x) {
    return std::isfinite(x) && !(min && (x < *min || (above_min && x == *min))) &&
           !(max && (x > *max || (below_max && x == *max)));
  };
  auto is_word = [&] {
    return value.is_string() && std::find(words.begin(), words.end(), value.get<std::string>()) != words.end();
  };
  switch (type) {
    case Type::flag:
      if (value.is_boolean()) return value;
      break;
    case Type::text:
      if (value.is_string() && (words.empty() || is_word())) return value;
      break;
    case Type::integer:
      if ((value.is_number_integer() && in_range(value.get<double>())) || is_word()) return value;
      break;
    case Type::real:
      if (value.is_number() && in_range(value.get<double>())) return plain_zero(value.get<double>());
      if (is_word()) return value;
      break;
    case Type::reals: {
      if (!value.is_array()) break;
      Value result = Value::array();
      for (const Value& item : value) {
        if (!item.is_number() || !in_range(item.get<double>())) throw refuse();
        result.push_back(plain_zero(item.get<double>()));
      }
      return result;
    }
  }
  throw refuse();
}

std::string_view to_string(Declaration::Type type) { return kTypes.name(type); }
Declaration::Type parse_declaration_type(std::string_view text) { return kTypes.parse(text); }

}  // namespace winnow
