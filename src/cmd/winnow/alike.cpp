#include "alike.h"

#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace winnow::cmd {

namespace {

bool is_seed(std::string_view key) { return key == "seed" || key.ends_with(".seed") || key.ends_with("_seed"); }

}  // namespace

Alike::Alike(const sweep::Plan& plan) {
  const std::vector<std::string> axes = plan.axes();
  const std::vector<std::vector<std::uint32_t>> numbers = plan.value_numbers();
  // Experiments first: many nodes may have one.
  std::map<std::vector<std::uint32_t>, std::uint32_t> combinations;
  std::vector<std::uint32_t> combination_of;
  for (std::size_t experiment = 0; experiment < plan.experiments(); ++experiment) {
    std::vector<std::uint32_t> values;
    for (std::size_t axis = 0; axis < axes.size(); ++axis)
      if (!is_seed(axes[axis])) values.push_back(numbers[axis][experiment]);
    combination_of.push_back(
        combinations.try_emplace(std::move(values), static_cast<std::uint32_t>(combinations.size())).first->second);
  }
  std::map<std::tuple<std::uint32_t, std::string_view, std::uint32_t>, std::uint32_t> known;
  for (const sweep::Node& node : plan.nodes())
    of_.push_back(known
                      .try_emplace({combination_of[node.experiment], node.label, node.width},
                                   static_cast<std::uint32_t>(known.size()))
                      .first->second);
}

}  // namespace winnow::cmd
