#include "record_text.h"

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

}  // namespace winnow::fleet
