// JSON that other people and programs wrote: what is wrong is named with its place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow {

// What visits a value calls itself at every level (printing, copying), so a file of brackets alone would end the
// program.
inline constexpr std::size_t kDeepestJson = 64;

// DataError naming `name` and the place for what is no JSON in UTF-8 (byte, line, column), for tables and lists within
// one another more than kDeepestJson deep, and for an object that has a key twice, whose second value would replace the
// first without a word (both lines). A byte order mark of UTF-8 is left out, other codings are refused. Safe from any
// thread.
Value parse_json(std::string_view content, const std::string& name);
Value read_json(const Path&);

// A value in a message: printable JSON (nan and inf as such, for which JSON has no words), cut behind `most` bytes,
// between characters.
std::string brief(const Value&, std::size_t most = 60);

}  // namespace winnow
