#include "winnow/report/required_device.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <vector>

#include "winnow/core/counted.h"
#include "winnow/core/error.h"

namespace winnow::report {

void require_device(const sweep::Plan& plan, store::RunReader& runs, const std::string& wanted) {
  std::map<std::string, std::size_t> others;
  for (const auto& node : plan.nodes()) {
    if (node.label == "backbone") continue;
    const store::RunReader::Run* run = runs.find(node.identity);
    if (run && run->device().find(wanted) == std::string::npos) ++others[run->device()];
  }
  if (others.empty()) return;
  std::vector<std::string> each;
  for (const auto& [kind, count] : others)
    each.push_back(fmt::format("{} ({})", kind.empty() ? "a kind that is not recorded" : "'" + kind + "'",
                               counted(count, "stage")));
  throw UsageError(
      fmt::format("--require-device {}: there are results of {}; compute them there, or leave the option out", wanted,
                  fmt::join(each, ", ")));
}

}  // namespace winnow::report
