// This host and its clock.
#pragma once

#include <string>

namespace winnow {

std::string host_name();
double wall_seconds();  // since 1970, UTC

}  // namespace winnow
