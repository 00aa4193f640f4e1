// Texts of MATLAB files. Their sizes count characters, of which UTF-8 needs one to four bytes and UTF-16 one or two
// units.
#pragma once

#include <matio.h>

#include <optional>
#include <string>

namespace winnow::data {

// A character array in UTF-8: from UTF-8, UTF-16 or UTF-32 as its type says; bytes without a coding are UTF-8 where
// they can be (Octave), else Latin-1 (MATLAB's codes below 256). Empty: not valid in its coding.
std::optional<std::string> utf8_of(const matvar_t&);

}  // namespace winnow::data
