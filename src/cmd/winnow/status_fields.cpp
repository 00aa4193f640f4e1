#include "status_fields.h"

namespace winnow::cmd {

std::optional<double> number(const Value& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

double number_or(const Value& object, const char* key, double other) { return number(object, key).value_or(other); }

std::string text_or(const Value& object, const char* key, const char* other) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : other;
}

Value list(const Value& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : Value::array();
}

bool flag(const Value& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace winnow::cmd
