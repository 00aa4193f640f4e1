#include "winnow/core/job_limit.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "winnow/core/host.h"

namespace winnow {

std::optional<double> seconds_until_job_ends() {
  const char* variable = std::getenv("SLURM_JOB_END_TIME");
  if (!variable) return std::nullopt;
  std::string_view text = variable;
  double end = 0;
  auto [rest, wrong] = std::from_chars(text.data(), text.data() + text.size(), end);
  if (wrong != std::errc() || rest != text.data() + text.size() || !(end > 0)) return std::nullopt;
  return std::max(0.0, end - wall_seconds());
}

}  // namespace winnow
