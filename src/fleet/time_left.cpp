#include "winnow/fleet/time_left.h"

#include <algorithm>

namespace winnow::fleet {

namespace {

constexpr double kTelling = 0.05;  // of a stage: less of it says nothing about the rest

// Seconds of one stage of each class, where anything is known of it.
std::vector<std::optional<double>> known_seconds(const std::vector<sched::Scheduler::Outlook>& outlook,
                                                 const std::vector<Running>& running) {
  std::vector<std::optional<double>> seconds;
  for (const auto& entry : outlook) seconds.push_back(entry.seconds);
  for (const Running& stage : running) {
    if (stage.kind >= seconds.size() || outlook[stage.kind].seconds || stage.share.value_or(0) < kTelling) continue;
    double projected = stage.elapsed / *stage.share;
    std::optional<double>& found = seconds[stage.kind];
    found = std::max(found.value_or(0), projected);
  }
  return seconds;
}

// Seconds for one unit of size, over the classes that are known.
double pace_of(const std::vector<std::optional<double>>& seconds, const std::vector<double>& sizes) {
  double spent = 0, size = 0;
  for (std::size_t id = 0; id < seconds.size(); ++id)
    if (seconds[id] && id < sizes.size()) spent += *seconds[id], size += sizes[id];
  return size > 0 ? spent / size : 0;
}

}  // namespace

std::optional<TimeLeft> time_left(const std::vector<sched::Scheduler::Outlook>& outlook,
                                  const std::vector<double>& sizes, const std::vector<Running>& running, double slots) {
  if (slots <= 0) return std::nullopt;
  std::vector<std::optional<double>> known = known_seconds(outlook, running);
  if (std::none_of(known.begin(), known.end(), [](const auto& seconds) { return seconds.has_value(); }))
    return std::nullopt;
  double pace = pace_of(known, sizes);
  auto expected = [&](std::size_t id) { return known[id].value_or(id < sizes.size() ? pace * sizes[id] : 0); };
  TimeLeft left;
  double work = 0, longest = 0;
  std::vector<std::size_t> to_come;
  for (const auto& entry : outlook) to_come.push_back(entry.open);
  for (const Running& stage : running) {
    if (stage.kind >= to_come.size() || to_come[stage.kind] == 0) continue;  // its result came by another attempt
    --to_come[stage.kind];
    double share = stage.share.value_or(0);
    double rest = share >= kTelling ? stage.elapsed * (1 - std::min(share, 1.0)) / share
                                    : std::max(expected(stage.kind) - stage.elapsed, 0.0);
    work += rest * outlook[stage.kind].width;
    longest = std::max(longest, rest);
  }
  for (std::size_t id = 0; id < outlook.size(); ++id) {
    if (outlook[id].open == 0) continue;
    if (known[id]) ++left.kinds;
    else left.guessed += outlook[id].open;
    work += expected(id) * outlook[id].width * static_cast<double>(to_come[id]);
    if (to_come[id] > 0) longest = std::max(longest, expected(id));
  }
  left.seconds = std::max(work / slots, longest);
  return left;
}

}  // namespace winnow::fleet
