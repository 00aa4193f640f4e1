// The mark that some editors put before a text.
#pragma once

#include <string>
#include <string_view>

namespace winnow {

// The text behind the mark of UTF-8, or all of it where there is none; a view of `text`. DataError naming `name` for
// the mark of another coding (UTF-16, UTF-32).
std::string_view without_byte_order_mark(std::string_view text, const std::string& name);

}  // namespace winnow
