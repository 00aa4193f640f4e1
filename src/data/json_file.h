// JSON files as people leave them: with or without a byte order mark.
#pragma once

#include <string>

#include "winnow/core/file.h"
#include "winnow/core/json_text.h"

namespace winnow::data {

// winnow::parse_json without the file's byte order mark. DataError for UTF-16 and UTF-32, too.
Value parse_text(const std::string& content, const std::string& name);
Value read_json(const Path&);

}  // namespace winnow::data
