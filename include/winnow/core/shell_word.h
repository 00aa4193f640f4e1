// Names in commands that people copy, or that a shell is given.
#pragma once

#include <string>
#include <string_view>

namespace winnow {

// The text as one word of a POSIX shell: as it is where that is one, else within single quotes.
std::string shell_word(std::string_view text);

}  // namespace winnow
