#include "byte_size.h"

#include <fmt/format.h>

#include <iterator>

namespace winnow::cmd {

std::string byte_size(std::uint64_t bytes) {
  double size = static_cast<double>(bytes);
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; size >= 1000 && unit + 1 < std::size(units); ++unit) size /= 1000;
  return unit ? fmt::format("{:.1f} {}", size, units[unit]) : fmt::format("{} B", bytes);
}

}  // namespace winnow::cmd
