// The keys of a method's preset with their defaults, for tests that make a stage without planning a sweep.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "winnow/sweep/catalogue.h"

namespace winnow {

// By what the settings say so far: every setting of the key's condition has one of the condition's values.
inline bool exists(const sweep::Key& key, const Settings& settings) {
  return std::all_of(key.when.begin(), key.when.end(), [&](const auto& condition) {
    const auto& [name, values] = condition;
    return settings.has(name) && std::find(values.begin(), values.end(), settings.at(name)) != values.end();
  });
}

inline void set_default(Settings& settings, const sweep::Method& method, const sweep::Key& key, double labels_rate) {
  if (!key.fallback && key.key.ends_with(".method")) return settings.set(key.key, key.words.at(0));
  if (!key.fallback)
    throw std::logic_error(
        fmt::format("method {} has no default for {}: the test must give it a value", method.name, key.key));
  Value value = *key.fallback;
  if (value == "=labels.rate") value = labels_rate;
  for (const char* view : {"views.weak", "views.strong"})
    if (value == fmt::format("={}", view)) value = settings.has(view) ? settings.at(view) : Value("plain");
  settings.set(key.key, value);
}

// Keys with a condition come after those that the condition may look at.
inline void set_defaults(Settings& settings, const sweep::Method& method, double labels_rate) {
  for (const sweep::Key& key : method.keys)
    if (key.when.empty()) set_default(settings, method, key, labels_rate);
  for (const sweep::Key& key : method.keys)
    if (!key.when.empty() && exists(key, settings)) set_default(settings, method, key, labels_rate);
}

// What a profile says of the method itself: its recipe (epochs, rates, sizes of a real model) is not for a small run.
inline void set_own_of_profile(Settings& settings, const sweep::Method& method, const std::string& profile) {
  auto values = method.profiles.find(profile);
  if (values == method.profiles.end()) return;
  for (const sweep::Key& key : method.keys)
    if (auto own = values->second.find(key.key); own != values->second.end() && key.key != "context_length")
      settings.set(key.key, own->second);
}

}  // namespace winnow
