#include "record_text.h"

#include <charconv>
#include <cstring>

namespace winnow::fleet {

std::optional<std::string_view> value_in_record(std::string_view record, std::string_view quoted_key) {
  // memmem: find() stops at every quote.
  const void* at = ::memmem(record.data(), record.size(), quoted_key.data(), quoted_key.size());
  if (!at) return std::nullopt;
  std::string_view rest =
      record.substr(static_cast<std::size_t>(static_cast<const char*>(at) - record.data()) + quoted_key.size());
  if (rest.empty()) return std::nullopt;
  if (rest[0] != '"') return rest.substr(0, rest.find_first_of(",}"));
  std::size_t end = rest.find('"', 1);
  if (end == std::string_view::npos || std::memchr(rest.data(), '\\', end)) return std::nullopt;
  return rest.substr(1, end - 1);
}

namespace {

template <class Number>
std::optional<Number> number_of(std::optional<std::string_view> text) {
  Number value{};
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> number_in(std::string_view record, std::string_view quoted_key) {
  return number_of<double>(value_in_record(record, quoted_key));
}

std::optional<std::int64_t> whole_number_in(std::string_view record, std::string_view quoted_key) {
  return number_of<std::int64_t>(value_in_record(record, quoted_key));
}

std::optional<Hash128> identity_in(std::string_view record, std::string_view quoted_key) {
  std::optional<std::string_view> text = value_in_record(record, quoted_key);
  Hash128 identity;
  if (!text || text->size() != 32 ||
      std::from_chars(text->data(), text->data() + 16, identity.high, 16).ptr != text->data() + 16 ||
      std::from_chars(text->data() + 16, text->data() + 32, identity.low, 16).ptr != text->data() + 32)
    return std::nullopt;
  return identity;
}

}  // namespace winnow::fleet
