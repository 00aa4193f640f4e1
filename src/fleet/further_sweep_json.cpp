#include "further_sweep_json.h"

namespace winnow::fleet {

Value to_json(const FurtherSweep& sweep) {
  return {{"file", sweep.file}, {"sets", sweep.sets}, {"presets", sweep.presets}, {"first", sweep.first}};
}

FurtherSweep further_sweep_of(const Value& object) {
  FurtherSweep sweep{"", texts_in(object, "sets"), texts_in(object, "presets"), object.value("first", Value()) == true};
  if (auto file = object.find("file"); file != object.end() && file->is_string()) sweep.file = *file;
  return sweep;
}

std::vector<std::string> texts_in(const Value& object, const char* key) {
  std::vector<std::string> result;
  if (auto list = object.find(key); list != object.end() && list->is_array())
    for (const Value& entry : *list)
      if (entry.is_string()) result.push_back(entry);
  return result;
}

}  // namespace winnow::fleet
