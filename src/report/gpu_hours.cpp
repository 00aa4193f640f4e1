#include "winnow/report/gpu_hours.h"

#include <fmt/format.h>

namespace winnow::report {

namespace {

std::string hours(double seconds) {
  constexpr double kHour = 3600;
  return seconds >= kHour / 10 ? fmt::format("{:.2f}", seconds / kHour) : fmt::format("{:.4f}", seconds / kHour);
}

}  // namespace

std::string gpu_hours(double seconds, double in_vain) {
  return in_vain > 0 ? fmt::format("{}, {} of them in attempts without a result", hours(seconds), hours(in_vain))
                     : hours(seconds);
}

}  // namespace winnow::report
