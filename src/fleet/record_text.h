// Values of a journal's records without parsing them: a million take seconds to parse.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "winnow/core/hash.h"

namespace winnow::fleet {

// The text of a value in a flat record as Journal writes it (sorted keys, no blanks), without its quotes. `quoted_key`
// is `"key":`; within a JSON text a quote is escaped, so these bytes are nowhere but at the key. None: the record has
// no such key, or its value is a text with escapes, which only a parser can read.
std::optional<std::string_view> value_in_record(std::string_view record, std::string_view quoted_key);

// The same where it is a number, or the digits of an identity.
std::optional<double> number_in(std::string_view record, std::string_view quoted_key);
std::optional<std::int64_t> whole_number_in(std::string_view record, std::string_view quoted_key);
std::optional<Hash128> identity_in(std::string_view record, std::string_view quoted_key);

}  // namespace winnow::fleet
