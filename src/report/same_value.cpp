#include "same_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "winnow/core/error.h"

namespace winnow::report {

namespace {

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

}  // namespace

bool same_value(std::string_view a, std::string_view b) {
  if (a == b) return true;
  std::optional<double> left = number_in(a), right = number_in(b);
  return left && right && *left == *right;
}

std::size_t find_value(const std::vector<std::string>& texts, std::string_view value) {
  auto found = std::find(texts.begin(), texts.end(), value);
  if (found == texts.end())
    found = std::find_if(texts.begin(), texts.end(), [&](const std::string& text) { return same_value(text, value); });
  return static_cast<std::size_t>(found - texts.begin());
}

std::string nearest_value(std::string_view value, const std::vector<std::string>& texts) {
  std::optional<double> wanted = number_in(value);
  if (!wanted) return did_you_mean(std::string(value), texts);
  const std::string* nearest = nullptr;
  double distance = INFINITY;
  for (const std::string& text : texts)
    if (std::optional<double> other = number_in(text); other && std::abs(*other - *wanted) < distance)
      nearest = &text, distance = std::abs(*other - *wanted);
  return nearest ? fmt::format(" (did you mean {}?)", *nearest) : "";
}

}  // namespace winnow::report
