#include "exact_duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace winnow::cmd {

std::string exact_duration(double seconds) {
  auto s = static_cast<long>(std::clamp(std::isfinite(seconds) ? seconds : 0, 0.0, 1e10));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  if (s < 48 * 3600) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
  return fmt::format("{} days {} h", s / 86400, s / 3600 % 24);
}

}  // namespace winnow::cmd
