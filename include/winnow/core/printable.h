// Names and values of other people in what winnow prints.
#pragma once

#include <string>
#include <string_view>

namespace winnow {

// The text on one line, for tables and terminals: as it is, unless it holds what would break a line or command a
// terminal (control characters, U+2028 and 2029, marks that turn the direction of writing, bytes that are no UTF-8).
// Then those are written as \n, \t, \u001b or \xff, and backslashes are doubled. Cut behind `most` bytes, between
// characters.
std::string printable(std::string_view text, std::size_t most = std::string::npos);

}  // namespace winnow
