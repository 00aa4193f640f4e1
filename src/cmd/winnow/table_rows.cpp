#include "table_rows.h"

#include <algorithm>
#include <limits>
#include <map>

#include "shown.h"

namespace winnow::cmd {

TableRows table_rows(const sweep::Plan& plan) {
  const std::vector<std::string> axes = plan.axes();
  const std::vector<std::vector<std::uint32_t>> values = plan.value_numbers();
  auto is_of_methods = [](const std::string& axis) { return axis == "method" || axis.ends_with(".method"); };
  const bool methods = std::any_of(axes.begin(), axes.end(), is_of_methods);
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  TableRows rows{0, std::vector<std::uint32_t>(plan.nodes().size(), kNone), {}, {}};
  std::map<std::vector<std::uint32_t>, std::uint32_t> known;
  std::vector<std::vector<Value>> of_axis;
  for (const std::string& axis : axes) of_axis.push_back(plan.values(axis));
  for (std::size_t experiment = 0; experiment < plan.experiments(); ++experiment) {
    std::vector<std::uint32_t> key;
    std::string name;
    for (std::size_t axis = 0; axis < axes.size(); ++axis)
      if (methods ? is_of_methods(axes[axis]) : axes[axis] != "seed") {
        key.push_back(values[axis][experiment]);
        if (key.back() == sweep::Plan::kAbsent) continue;
        name += (name.empty() ? "" : ", ") + (methods ? "" : axes[axis] + " ") + shown(of_axis[axis][key.back()]);
      }
    auto [entry, fresh] = known.try_emplace(std::move(key), rows.count);
    if (fresh) {
      ++rows.count;
      rows.names.push_back(name.empty() ? plan.name() : name);
      rows.cells.emplace_back();
    }
    std::uint32_t cell = plan.cell_node(experiment);
    rows.cells[entry->second].push_back(cell);
    rows.of_node[cell] = std::min(rows.of_node[cell], entry->second);
  }
  for (std::size_t node = rows.of_node.size(); node-- > 0;)  // inputs come first
    for (std::uint32_t input : plan.nodes()[node].inputs)
      rows.of_node[input] = std::min(rows.of_node[input], rows.of_node[node]);
  for (std::uint32_t& row : rows.of_node) row = std::min(row, rows.count - 1);
  return rows;
}

}  // namespace winnow::cmd
