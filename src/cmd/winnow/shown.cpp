#include "shown.h"

#include "winnow/core/printable.h"

namespace winnow::cmd {

std::string shown(const Value& value) { return printable(value.is_string() ? value.get<std::string>() : value.dump()); }

}  // namespace winnow::cmd
