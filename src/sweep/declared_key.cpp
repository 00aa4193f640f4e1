#include "declared_key.h"

#include <fmt/format.h>

#include "preset_table.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

double number(const Item& item, const Place& place) {
  if (!item.scalar.is_number()) throw UsageError(fmt::format("{}: expected a number", place.text()));
  return item.scalar.get<double>();
}

bool flag(const Item& item, const Place& place) {
  if (!item.scalar.is_boolean()) throw UsageError(fmt::format("{}: expected true or false", place.text()));
  return item.scalar.get<bool>();
}

std::string text(const Item& item, const Place& place) {
  if (!item.scalar.is_string()) throw UsageError(fmt::format("{}: expected a text", place.text()));
  return item.scalar.get<std::string>();
}

std::vector<std::string> texts(const Item& item, const std::string& file) {
  std::vector<std::string> result;
  for (const Item& word : item.items) result.push_back(text(word, {file, word.line}));
  return result;
}

void add_condition(std::map<std::string, std::vector<Value>>& when, const Item& table) {
  for (const auto& [other, values] : table.entries)
    for (const Item& value : values.items) when[other].push_back(value.json());
}

template <class Part>
const Part& named(const std::map<std::string, Part>& parts, const std::string& name, std::string_view what,
                  const Place& place) {
  auto found = parts.find(name);
  if (found != parts.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [other, part] : parts) known.push_back(other);
  throw UsageError(fmt::format("{}: no {} are called '{}'{}", place.text(), what, name, did_you_mean(name, known)));
}

}  // namespace

NamedParts read_named_parts(const Item& common, const std::string& file) {
  NamedParts parts;
  for (const auto& [entry, table] : common.entries)
    for (const auto& [name, item] : table.entries) {
      if (entry == "words") parts.words[name] = texts(item, file);
      if (entry == "conditions") add_condition(parts.conditions[name], item);
    }
  return parts;
}

std::string referred_key(const Value& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text && text->size() > 1 && (*text)[0] == '=' ? text->substr(1) : "";
}

Key read_key(const std::string& name, const Item& table, const NamedParts& parts, const std::string& file) {
  Key key;
  key.key = name;
  bool typed = false;
  for (const auto& [entry, item] : table.entries) {
    Place place{file, item.line};
    if (entry == "type")
      key.type = placed(place, [&] { return parse_declaration_type(text(item, place)); }), typed = true;
    else if (entry == "min") key.min = number(item, place);
    else if (entry == "max") key.max = number(item, place);
    else if (entry == "above_min") key.above_min = flag(item, place);
    else if (entry == "below_max") key.below_max = flag(item, place);
    else if (entry == "shared") key.shared = flag(item, place);
    else if (entry == "recipe") key.of_recipe = flag(item, place);
    else if (entry == "help") key.help = text(item, place);
    else if (entry == "default") key.fallback = item.json();
    else if (entry == "words")
      key.words = item.scalar.is_string() ? named(parts.words, text(item, place), "words", place) : texts(item, file);
    else if (entry == "when") add_condition(key.when, item);
    else if (entry == "conditions")
      for (const std::string& condition : texts(item, file)) {
        const auto& when = named(parts.conditions, condition, "conditions", place);
        key.when.insert(when.begin(), when.end());
      }
    else
      throw UsageError(fmt::format("{}: a declared key has no entry '{}'{}", place.text(), entry,
                                   did_you_mean(entry, {"type", "min", "max", "above_min", "below_max", "shared",
                                                        "recipe", "help", "default", "words", "when", "conditions"})));
  }
  if (!typed) throw UsageError(fmt::format("{}: the key '{}' needs a type", Place{file, table.line}.text(), name));
  // The default in the declared type: an integer written for a real must hash like the real.
  if (key.fallback && referred_key(*key.fallback).empty())
    key.fallback = placed({file, table.line}, [&] { return key.check(*key.fallback); });
  return key;
}

bool names_prompt(const std::string& key) {
  std::string last = key.substr(key.rfind('.') + 1);  // all of it without a dot: npos + 1 is 0
  return last == "template" || last == "prompt";
}

}  // namespace winnow::sweep
