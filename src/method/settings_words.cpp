#include "settings_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "winnow/core/error.h"

namespace winnow::method {

std::size_t choice(const Settings& settings, const std::string& key, const std::vector<std::string>& words) {
  std::string own = settings.text(key);
  auto found = std::find(words.begin(), words.end(), own);
  if (found == words.end())
    throw UsageError(
        fmt::format("{}: unknown '{}'{}; known: {}", key, own, did_you_mean(own, words), fmt::join(words, ", ")));
  return static_cast<std::size_t>(found - words.begin());
}

double number_or_word(const Settings& settings, const std::string& key,
                      const std::vector<std::pair<std::string, double>>& words) {
  const Value& value = settings.at(key);
  if (value.is_number()) return value.get<double>();
  std::vector<std::string> known;
  for (const auto& [word, number] : words) {
    if (value == word) return number;
    known.push_back(word);
  }
  throw UsageError(
      fmt::format("{}: expected a number or one of {}, got {}", key, fmt::join(known, ", "), value.dump()));
}

}  // namespace winnow::method
