#include "united_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "stage_label.h"

namespace winnow::cmd {

UnitedPlans::UnitedPlans(std::vector<sweep::Plan> plans, const Done& done)
    : plans_(std::move(plans)), numbers_(plans_.size()), left_out_(plans_.size()), retired_(plans_.size()) {
  std::unordered_map<Identity, std::uint32_t> known;
  for (std::size_t p = 0; p < plans_.size(); ++p)
    for (std::uint32_t n = 0; n < plans_[p].nodes().size(); ++n) {
      const sweep::Node& node = plans_[p].nodes()[n];
      auto fresh = static_cast<std::uint32_t>(stages_.size());
      std::uint32_t number = plans_.size() == 1 ? fresh : known.try_emplace(node.identity, fresh).first->second;
      numbers_[p].push_back(number);
      if (number != fresh) {
        stages_[number].width = std::max(stages_[number].width, node.width);
        ++stages_[number].plans;
        continue;
      }
      stages_.push_back({node.identity, static_cast<std::uint32_t>(p), n, node.width, 1, done(node.identity)});
    }
  for (std::size_t p = 0; p < plans_.size(); ++p) count(p);
}

std::size_t UnitedPlans::add(sweep::Plan plan, const Done& done,
                             const std::function<Stand(std::uint32_t stage)>& stand) {
  std::unordered_map<Identity, std::uint32_t> known;
  for (std::uint32_t stage = 0; stage < stages_.size(); ++stage)
    if (!stages_[stage].replaced) known[stages_[stage].identity] = stage;
  const auto place = static_cast<std::uint32_t>(plans_.size());
  plans_.push_back(std::move(plan));
  numbers_.emplace_back();
  left_out_.push_back(0);
  retired_.push_back(false);
  for (std::uint32_t n = 0; n < plans_[place].nodes().size(); ++n) {
    const sweep::Node& node = plans_[place].nodes()[n];
    std::uint32_t number = static_cast<std::uint32_t>(stages_.size()), plans = 1;
    if (auto found = known.find(node.identity); found != known.end()) {
      Member& there = stages_[found->second];
      Stand now = stand(found->second);
      there.done = there.done || now == Stand::done;
      plans = ++there.plans;
      if (there.done || now == Stand::open) number = found->second;
      else there.replaced = true, ++replaced_;
    }
    numbers_[place].push_back(number);
    if (number == stages_.size()) stages_.push_back({node.identity, place, n, node.width, plans, done(node.identity)});
  }
  for (std::vector<bool>& needed : needed_by_) needed.resize(stages_.size());
  count(place);
  return place;
}

void UnitedPlans::retire(std::size_t plan) {
  retired_[plan] = true;
  needed_by_[plan].assign(stages_.size(), false);
}

// What is needed of its stages, which are all numbered.
void UnitedPlans::count(std::size_t plan) {
  std::vector<bool> own, cells(plans_[plan].nodes().size()), all(stages_.size());
  for (std::uint32_t number : numbers_[plan]) own.push_back(stages_[number].done);
  std::vector<bool> needed = plans_[plan].needed(own);
  for (std::size_t n = 0; n < needed.size(); ++n) all[numbers_[plan][n]] = needed[n];
  for (std::size_t i = 0; i < plans_[plan].experiments(); ++i) cells[plans_[plan].cell_node(i)] = true;
  needed_by_.push_back(std::move(all));
  cells_.push_back(std::move(cells));
  done_of_.push_back(static_cast<std::size_t>(std::count(own.begin(), own.end(), true)));
  axes_.push_back(plans_[plan].axes());
}

void UnitedPlans::restrict_to(const std::vector<bool>& stages) {
  for (std::size_t plan = 0; plan < plans_.size(); ++plan)
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
      if (!needed_by_[plan][stage] || stages[stage]) continue;
      needed_by_[plan][stage] = false;
      ++left_out_[plan];
    }
}

std::vector<std::uint32_t> UnitedPlans::inputs(std::uint32_t stage) const {
  std::vector<std::uint32_t> result;
  for (std::uint32_t input : node(stage).inputs) result.push_back(numbers_[stages_[stage].plan][input]);
  return result;
}

std::size_t UnitedPlans::first_need(std::uint32_t stage) const {
  std::size_t plan = 0;
  while (plan < plans_.size() && !needed_by_[plan][stage]) ++plan;
  return plan;
}

std::string UnitedPlans::label(std::uint32_t stage) const {
  const Member& member = stages_[stage];
  std::string text =
      stage_label(plans_[member.plan], member.node, axes_[member.plan], cells_[member.plan][member.node]);
  if (plans_.size() == 1) return text;
  constexpr std::size_t kMost = 2;
  std::string names;
  std::size_t many = 0;
  for (std::size_t p = 0; p < plans_.size(); ++p)
    if (needed_by_[p][stage] && ++many <= kMost) names += (names.empty() ? "" : ", ") + plans_[p].name();
  if (many > kMost) names += fmt::format(" and {} more", many - kMost);
  return names.empty() ? text : names + ": " + text;
}

}  // namespace winnow::cmd
