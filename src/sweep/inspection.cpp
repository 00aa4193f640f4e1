#include "inspection.h"

#include "winnow/core/error.h"

namespace winnow::sweep {

const Value* Inspection::find(std::string_view key) {
  int index = effective_.index(key);
  if (index < 0) return nullptr;
  looked_at_.insert(index);
  return effective_.value(index);
}

std::string Inspection::text(std::string_view key) {
  const Value* value = find(key);
  if (!value)
    throw InternalError("a check wants the setting " + std::string(key) + ", which the experiment does not have");
  return value->get<std::string>();
}

std::int64_t Inspection::integer(std::string_view key) {
  const Value* value = find(key);
  if (!value || !value->is_number_integer()) throw InternalError("a check wants the integer " + std::string(key));
  return value->get<std::int64_t>();
}

double Inspection::real(std::string_view key) {
  const Value* value = find(key);
  if (!value || !value->is_number()) throw InternalError("a check wants the number " + std::string(key));
  return value->get<double>();
}

std::string Inspection::where(std::string_view key) const { return effective_.where(effective_.index(key)); }

bool Inspection::by_default(std::string_view key) const {
  return effective_.level(effective_.index(key)) == Level::declared;
}

std::vector<std::string> Inspection::named(std::string_view name) {
  std::vector<std::string> result;
  std::string last = "." + std::string(name);
  for (int key = 0; key < effective_.schema().size(); ++key) {
    const std::string& own = effective_.schema()[key].key->key;
    if ((own == name || own.ends_with(last)) && effective_.value(key)) looked_at_.insert(key), result.push_back(own);
  }
  return result;
}

}  // namespace winnow::sweep
