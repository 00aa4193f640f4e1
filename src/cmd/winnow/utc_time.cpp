#include "utc_time.h"

#include <ctime>

namespace winnow::cmd {

std::string utc_time(double seconds) {
  auto whole = static_cast<std::time_t>(seconds);
  std::tm utc{};
  ::gmtime_r(&whole, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text;
}

}  // namespace winnow::cmd
