#include "record_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "winnow/core/error.h"

namespace winnow::data {

void require_record_name(const std::string& name, const char* of) {
  bool good = !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
  if (!good) throw UsageError(fmt::format("name of {}: letters, digits, - _ and ., not '{}'", of, name));
}

}  // namespace winnow::data
