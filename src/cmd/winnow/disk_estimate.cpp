#include "disk_estimate.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "duration_class.h"
#include "shown.h"
#include "some_of.h"

namespace winnow::cmd {

namespace {

struct Mean {
  double sum = 0, count = 0;
  void add(double value) { sum += value, ++count; }
};

// What stages are alike by: closely, and loosely.
std::pair<std::string, std::string> classes_of(const sweep::Plan& plan, std::uint32_t node) {
  const sweep::Node& entry = plan.nodes()[node];
  Stage stage = plan.stage(node);
  std::string loose(entry.label);
  for (const char* key : {"method", "model", "adapt"})
    if (stage.settings.has(key)) loose += "/" + shown(stage.settings.all().at(key));
  return {duration_class(stage, entry.label, 1).name, loose};
}

}  // namespace

DiskEstimate disk_estimate(const sweep::Plan& plan, const std::vector<bool>& done,
                           const std::function<std::optional<std::uint64_t>(std::uint32_t node)>& size_of) {
  std::vector<bool> needed = plan.needed(done);
  std::vector<std::uint32_t> finished, open;
  for (std::uint32_t i = 0; i < done.size(); ++i) {
    if (done[i]) finished.push_back(i);
    if (needed[i]) open.push_back(i);
  }
  DiskEstimate result;
  result.to_run = open.size();
  if (open.empty()) return result;
  std::map<std::string, Mean> close, loose;
  for (std::uint32_t node : some_of(finished))
    if (std::optional<std::uint64_t> size = size_of(node)) {
      auto [narrow, wide] = classes_of(plan, node);
      close[narrow].add(static_cast<double>(*size));
      loose[wide].add(static_cast<double>(*size));
      ++result.measured;
    }
  std::vector<std::uint32_t> looked_at = some_of(open);
  double share = static_cast<double>(open.size()) / static_cast<double>(looked_at.size()), bytes = 0, unknown = 0;
  for (std::uint32_t node : looked_at) {
    auto [narrow, wide] = classes_of(plan, node);
    auto found = close.find(narrow);
    if (found == close.end()) {
      found = loose.find(wide);
      if (found == loose.end()) {
        ++unknown;
        continue;
      }
    }
    bytes += found->second.sum / found->second.count;
  }
  result.bytes = static_cast<std::uint64_t>(bytes * share);
  result.unknown = static_cast<std::size_t>(unknown * share + 0.5);
  return result;
}

}  // namespace winnow::cmd
