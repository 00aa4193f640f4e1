// JSON that other people wrote: what is wrong is named with its place.
#pragma once

#include <string>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::data {

// DataError naming `name` and the place for what is no JSON in UTF-8 (byte, line, column), and for an object that has a key twice, whose
// second value would replace the first without a word (both lines). A byte order mark is left alone.
Value parse_json(const std::string& content, const std::string& name);
Value read_json(const Path&);

// A text of the file in a message of one line, without quotes around it.
std::string shown(const std::string& text);

}  // namespace winnow::data
