// A moment for people, the same on every machine.
#pragma once

#include <string>

namespace winnow::cmd {

std::string utc_time(double seconds);  // since 1970: "2026-11-29 19:43:20 UTC"

}  // namespace winnow::cmd
