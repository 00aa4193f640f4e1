#include "rule_alone.h"

#include <algorithm>
#include <string_view>

namespace winnow::report {

namespace {

constexpr std::string_view kRule = "train_rule", kMethod = "method";

bool names(const std::string& axis, std::string_view key) {  // of any stage: "detect.method"
  return axis == key || axis.ends_with("." + std::string(key));
}

}  // namespace

RuleAlone::RuleAlone(const sweep::Plan& plan, const AxisValues& values) : plan_(plan), values_(values) {
  for (std::size_t axis = 0; axis < values.axes().size(); ++axis)
    if (names(values.axes()[axis], kMethod) || names(values.axes()[axis], kRule)) axes_.push_back(axis);
}

bool RuleAlone::of(std::size_t experiment) {
  std::vector<std::uint32_t> key;
  for (std::size_t axis : axes_) key.push_back(values_.number(axis, experiment));
  auto [found, fresh] = known_.try_emplace(std::move(key), false);
  if (!fresh) return found->second;
  const Settings settings = plan_.settings(experiment);
  for (const auto& [name, value] : settings.all())
    if (names(name, kRule) && value == "ce") found->second = true;
  return found->second;
}

bool names_method(const std::vector<std::string>& axes) {
  return std::any_of(axes.begin(), axes.end(), [](const std::string& axis) { return names(axis, kMethod); });
}

std::size_t detector_axis(const std::vector<std::string>& axes, const std::vector<std::string>& values) {
  for (std::size_t axis = axes.size(); axis-- > 0;)
    if (names(axes[axis], kMethod) && values[axis] != "-") return axis;
  return 0;
}

}  // namespace winnow::report
