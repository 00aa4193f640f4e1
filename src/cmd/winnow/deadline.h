// The moment after which a run's results are of no use.
#pragma once

#include <string>

namespace winnow::cmd {

// "90min", "8h", "2d" from `now` on, or a time of this machine's clock: "2026-12-01T08:00", "08:00" (the next one),
// with a Z at its end UTC. Seconds since 1970. UsageError naming what is allowed, and for what has passed.
double parse_deadline(const std::string& text, double now);

}  // namespace winnow::cmd
