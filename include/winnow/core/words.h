// A closed list of words, each of which stands for one value of an enum.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "winnow/core/error.h"

namespace winnow {

// Refers to the array that it is made of, which must live as long: a constant.
template <class Enum>
class Words {
 public:
  using Entry = std::pair<Enum, std::string_view>;

  // `what` they are, for messages: "stage kind".
  template <std::size_t N>
  constexpr Words(std::string_view what, const Entry (&entries)[N]) : what_(what), first_(entries), count_(N) {}

  std::string_view name(Enum value) const {
    for (const Entry& entry : *this)
      if (entry.first == value) return entry.second;
    throw InternalError(fmt::format("a {} outside its closed list", what_));
  }

  std::optional<Enum> find(std::string_view text) const {
    for (const Entry& entry : *this)
      if (entry.second == text) return entry.first;
    return std::nullopt;
  }

  // UsageError with the nearest word and all of them.
  Enum parse(std::string_view text) const {
    if (std::optional<Enum> value = find(text)) return *value;
    std::vector<std::string> known = all();
    throw UsageError(
        fmt::format("unknown {} '{}'{}; known: {}", what_, text, did_you_mean(text, known), fmt::join(known, ", ")));
  }

  std::vector<std::string> all() const {
    std::vector<std::string> result;
    for (const Entry& entry : *this) result.emplace_back(entry.second);
    return result;
  }

  const Entry* begin() const { return first_; }
  const Entry* end() const { return first_ + count_; }

 private:
  std::string_view what_;
  const Entry* first_;
  std::size_t count_;
};

}  // namespace winnow
