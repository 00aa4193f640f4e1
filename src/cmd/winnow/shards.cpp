#include "shards.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>

#include "winnow/core/error.h"

namespace winnow::cmd {

namespace {

using Number = std::uint32_t;

class Groups {
 public:
  explicit Groups(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0); }
  Number of(Number member) {
    while (parent_[member] != member) member = parent_[member] = parent_[parent_[member]];
    return member;
  }
  void unite(Number a, Number b) { parent_[of(a)] = of(b); }

 private:
  std::vector<Number> parent_;
};

bool is_of_a_fixed_model(StageKind kind) {
  return kind == StageKind::pretrain || kind == StageKind::embed || kind == StageKind::score;
}

}  // namespace

Shard Shard::parse(const std::string& text) {
  Shard shard{0, 0};
  const char *end = text.data() + text.size(), *slash = text.data() + std::min(text.find('/'), text.size());
  auto index = std::from_chars(text.data(), slash, shard.index);
  auto count = std::from_chars(std::min(slash + 1, end), end, shard.count);
  bool whole = index.ec == std::errc() && index.ptr == slash && count.ec == std::errc() && count.ptr == end;
  if (!whole || shard.index < 1 || shard.count < 1 || shard.index > shard.count)
    throw UsageError(fmt::format("--shard {}: say which of how many: 1/4, 2/4, 3/4 or 4/4", text));
  return shard;
}

std::vector<bool> stages_of(const UnitedPlans& plans, Shard shard) {
  const auto size = static_cast<Number>(plans.stages().size());
  std::vector<bool> common(size), mine(size);
  Groups groups(size);
  for (Number stage = 0; stage < size; ++stage)  // those that nothing needs are experiments of their own
    for (Number input : plans.inputs(stage)) common[input] = true;
  for (Number stage = 0; stage < size; ++stage) {
    common[stage] = common[stage] && is_of_a_fixed_model(plans.regenerate(stage).kind);
    for (Number input : plans.inputs(stage))
      if (!common[input]) groups.unite(stage, input);
  }
  // The largest group first, to the shard with least; of equal ones the order is that of their identities.
  std::map<Number, std::pair<std::size_t, Identity>> found;
  for (Number stage = 0; stage < size; ++stage) {
    if (common[stage]) continue;
    auto [group, fresh] = found.try_emplace(groups.of(stage), 0, plans.stages()[stage].identity);
    ++group->second.first;
    group->second.second = std::min(group->second.second, plans.stages()[stage].identity);
  }
  std::vector<std::pair<std::pair<std::size_t, Identity>, Number>> order;
  for (const auto& [group, facts] : found) order.emplace_back(facts, group);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.first.first != b.first.first ? a.first.first > b.first.first : a.first.second < b.first.second;
  });
  std::vector<std::size_t> load(shard.count);
  std::map<Number, Number> shard_of;
  for (const auto& [facts, group] : order) {
    auto least = std::min_element(load.begin(), load.end());
    *least += facts.first;
    shard_of[group] = static_cast<Number>(least - load.begin()) + 1;
  }
  for (Number stage = size; stage-- > 0;) {  // what is needed comes before what needs it
    if (!common[stage]) mine[stage] = shard_of.at(groups.of(stage)) == shard.index;
    if (!mine[stage]) continue;
    for (Number input : plans.inputs(stage)) mine[input] = true;
  }
  return mine;
}

}  // namespace winnow::cmd
