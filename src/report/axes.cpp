#include "axes.h"

#include <algorithm>

namespace winnow::report {

AxisValues::AxisValues(const sweep::Plan& plan) : axes_(plan.axes()), numbers_(plan.value_numbers()) {
  for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
    auto& texts = texts_.emplace_back();
    for (const Value& value : plan.values(axes_[axis]))
      texts.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    auto absent = static_cast<std::uint32_t>(texts.size());
    for (std::uint32_t& number : numbers_[axis])
      if (number == sweep::Plan::kAbsent) number = absent;
    if (std::find(numbers_[axis].begin(), numbers_[axis].end(), absent) != numbers_[axis].end())
      texts.emplace_back("-");
  }
  if (!find("method")) {
    texts_.push_back({plan.methods().front().first});
    numbers_.emplace_back(plan.experiments(), 0);
  }
}

std::optional<std::size_t> AxisValues::find(const std::string& axis) const {
  auto found = std::find(axes_.begin(), axes_.end(), axis);
  if (found != axes_.end()) return static_cast<std::size_t>(found - axes_.begin());
  if (axis == "method" && texts_.size() > axes_.size()) return axes_.size();
  return std::nullopt;
}

std::vector<bool> describes_method(const AxisValues& values, const sweep::Plan& plan) {
  std::vector<bool> result;
  std::size_t method = *values.find("method"), methods = plan.methods().size();
  constexpr std::uint32_t kNone = ~std::uint32_t{0};
  for (std::size_t axis = 0; axis < values.axes().size(); ++axis) {
    std::vector<std::uint32_t> value_of(values.texts(method).size(), kNone);
    bool one_each = methods > 1 && axis != method;
    for (std::size_t i = 0; i < plan.experiments() && one_each; ++i) {
      std::uint32_t& value = value_of[values.number(method, i)];
      if (value == kNone) value = values.number(axis, i);
      one_each = value == values.number(axis, i);
    }
    result.push_back(one_each || plan.declared_by_methods(values.axes()[axis]));
  }
  return result;
}

}  // namespace winnow::report
