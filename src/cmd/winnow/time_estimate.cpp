#include "time_estimate.h"

#include <algorithm>
#include <set>

#include "duration_class.h"
#include "some_of.h"

namespace winnow::cmd {

double TimeEstimate::makespan(std::uint32_t slots) const { return std::max(seconds / slots, longest); }

TimeEstimate time_estimate(const sweep::Plan& plan, const std::vector<bool>& done,
                           const std::map<std::string, fleet::Duration>& durations) {
  std::vector<bool> needed = plan.needed(done);
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = 0; i < needed.size(); ++i)
    if (needed[i]) open.push_back(i);
  TimeEstimate result;
  result.to_run = open.size();
  if (open.empty() || durations.empty()) {
    result.unknown = open.size();
    return result;
  }
  std::vector<std::uint32_t> looked_at = some_of(open);
  double share = static_cast<double>(open.size()) / static_cast<double>(looked_at.size()), unknown = 0;
  std::set<std::string> known;
  for (std::uint32_t i : looked_at) {
    const sweep::Node& node = plan.nodes()[i];
    DurationClass kind = duration_class(plan.stage(i), node.label, node.width);
    auto found = durations.find(kind.name);
    if (found == durations.end()) {
      ++unknown;
      continue;
    }
    if (known.insert(kind.name).second) result.measured += found->second.stages;
    result.seconds += found->second.seconds * node.width * share;
    result.longest = std::max(result.longest, found->second.seconds);
  }
  result.unknown = static_cast<std::size_t>(unknown * share + 0.5);
  return result;
}

}  // namespace winnow::cmd
