#include "spoken_duration.h"

#include <fmt/format.h>

#include <cmath>

namespace winnow::cmd {

std::string spoken_duration(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.2g} s", seconds);
  if (seconds < 99.5) return fmt::format("{:.0f} s", seconds);
  double minutes = std::floor(seconds / 60 + 0.5);
  if (minutes < 100) return fmt::format("{:.0f} min", minutes);
  double hours = std::floor(minutes / 60);
  if (hours < 48) return fmt::format("{:.0f} h {:02.0f} min", hours, minutes - 60 * hours);
  double days = std::floor(hours / 24);
  return fmt::format("{:.0f} days {:.0f} h", days, hours - 24 * days);
}

}  // namespace winnow::cmd
