#include "axes.h"

#include <map>
#include <set>

namespace winnow::report {

AxisValues axis_values(const sweep::Plan& plan) {
  AxisValues result{plan.axes(), {}};
  result.values.resize(result.axes.size());
  for (std::size_t i = 0; i < plan.experiments(); ++i) {
    Settings settings = plan.settings(i);
    for (std::size_t axis = 0; axis < result.axes.size(); ++axis) {
      auto found = settings.all().find(result.axes[axis]);
      bool text = found != settings.all().end() && found->second.is_string();
      result.values[axis].push_back(found == settings.all().end() ? "-" : text ? found->second.get<std::string>() : found->second.dump());
    }
  }
  return result;
}

std::vector<bool> describes_method(const AxisValues& axes, const std::vector<std::string>& method, const sweep::Plan& plan) {
  std::vector<bool> result;
  std::size_t methods = std::set<std::string>(method.begin(), method.end()).size();
  for (std::size_t axis = 0; axis < axes.axes.size(); ++axis) {
    std::map<std::string, std::string> value_of;
    bool one_each = methods > 1 && axes.axes[axis] != "method";
    for (std::size_t i = 0; i < method.size() && one_each; ++i)
      one_each = value_of.try_emplace(method[i], axes.values[axis][i]).first->second == axes.values[axis][i];
    result.push_back(one_each || plan.declared_by_methods(axes.axes[axis]));
  }
  return result;
}

}  // namespace winnow::report
