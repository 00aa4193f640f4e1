// UTF-8 that was read as another encoding: ftfy's fix_encoding, with its heuristic of which sequences of characters
// nobody writes.
#pragma once

#include <string>

namespace winnow::text {

// Text whose characters show that it was read as Latin-1, Windows-1250 to 1254 or 1257, ISO-8859-2, MacRoman or code
// page 437 is read again, whole or, where that fails, in the parts that look so; with a byte A0 that became a space,
// and bytes that were lost (U+FFFD). Text that does not look bad stays.
std::string decoded_again(const std::string& text);

// C1 controls as what Windows-1252 has in their place.
std::string without_c1(const std::string& text);

}  // namespace winnow::text
