#include "time_estimate.h"

#include <algorithm>
#include <set>

#include "stage_class.h"

namespace winnow::cmd {

namespace {

constexpr std::size_t kMost = 500;  // stages that are regenerated: 0.1 ms each

}  // namespace

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
  std::size_t looked_at = std::min(open.size(), kMost), unknown = 0;
  double share = static_cast<double>(open.size()) / static_cast<double>(looked_at);
  std::set<std::string> known;
  for (std::size_t i = 0; i < looked_at; ++i) {
    const sweep::Node& node = plan.nodes()[open[i * open.size() / looked_at]];
    StageClass kind = stage_class(plan.stage(open[i * open.size() / looked_at]), node.label, node.width);
    auto found = durations.find(kind.name);
    if (found == durations.end()) {
      ++unknown;
      continue;
    }
    if (known.insert(kind.name).second) result.measured += found->second.stages;
    result.seconds += found->second.seconds * node.width * share;
    result.longest = std::max(result.longest, found->second.seconds);
  }
  result.unknown =
      looked_at == open.size() ? unknown : static_cast<std::size_t>(static_cast<double>(unknown) * share + 0.5);
  return result;
}

}  // namespace winnow::cmd
