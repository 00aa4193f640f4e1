#include "winnow/core/counted.h"

#include <fmt/format.h>

namespace winnow {

std::string counted(std::size_t n, std::string_view thing) {
  return fmt::format("{} {}{}", n, thing, n == 1 ? "" : "s");
}

}  // namespace winnow
