// Of every key of a method that holds words or is a flag each value but the default, so that what a preset declares
// joins the generated stages by itself.
#pragma once

#include <string>
#include <vector>

#include "winnow/sweep/catalogue.h"

namespace winnow::train {

struct OtherValue {
  const sweep::Key* key;
  Value value;
  // The key's other conditions: one value each with which it exists.
  sweep::Assignments needs;
  std::string shown() const { return key->key + " = " + value.dump(); }
};

inline std::vector<OtherValue> other_values(const sweep::Method& method) {
  std::vector<OtherValue> all;
  for (const sweep::Key& key : method.keys) {
    // Views and data sets are every stage's.
    if (!key.fallback || key.inherited || key.key.find("views.") != std::string::npos || key.key.ends_with("dataset"))
      continue;
    sweep::Assignments needs;
    for (const auto& [name, values] : key.when)
      if (!name.ends_with("method")) needs[name] = values.at(0);
    // Blocks with a context of their own have it in front of all names.
    for (const char* shared : {"context_of", "name_place"})
      if (key.key.ends_with(shared))
        for (const sweep::Key& other : method.keys)
          if (other.key == key.key.substr(0, key.key.size() - std::string(shared).size()) + "context_depth")
            needs[other.key] = 1;
    std::vector<Value> values;
    if (key.type == Declaration::Type::flag) values = {false, true};
    for (const std::string& word : key.words) values.push_back(word);
    for (const Value& value : values)
      if (value != *key.fallback) all.push_back({&key, value, needs});
  }
  return all;
}

}  // namespace winnow::train
