#include "claim_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "winnow/core/error.h"

namespace winnow::report {

namespace {

using sweep::Claim;
using sweep::Condition;

bool meets(const std::vector<Condition>& conditions, const Settings& settings) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    auto found = settings.all().find(condition.key);
    return found != settings.all().end() &&
           std::find(condition.any.begin(), condition.any.end(), found->second) != condition.any.end();
  });
}

// How a claim calls one of its sides, and which experiments are on it.
struct Members {
  const char* name;  // "better", "spread"
  std::string over;  // of a spread
  std::vector<std::size_t> experiments;
};

class Pairing {
 public:
  Pairing(const Claim& claim, const std::vector<std::string>& axes, const std::vector<Settings>& settings)
      : claim_(claim), axes_(axes), settings_(settings) {
    if (claim.spread) {
      low_ = spread("spread", *claim.spread);
      if (claim.below) high_ = spread("below", *claim.below);
    } else {
      high_ = members("better", "", claim.better);
      low_ = members("worse", "", claim.worse);
    }
    for (const std::string& axis : axes)
      if (!named_.count(axis) && everywhere(axis)) shared_.push_back(axis);
  }

  std::vector<Sample> pairs() const {
    std::map<std::string, Side> high = sides(high_), low = sides(low_);
    std::vector<Sample> result;
    for (auto& [key, side] : low)
      if (claim_.at_most) result.push_back({{}, side});
      else if (auto partner = high.find(key); partner != high.end()) result.push_back({partner->second, side});
    if (result.empty())
      throw UsageError(fmt::format("{}: no experiment of `{}` has a partner in `{}` that agrees on {}",
                                   claim_.place.text(), high_.name, low_.name, fmt::join(shared_, ", ")));
    return result;
  }

 private:
  Members spread(const char* name, const sweep::Spread& spread) {
    if (std::find(axes_.begin(), axes_.end(), spread.over) == axes_.end())
      throw UsageError(fmt::format("{}: `{}` spreads over '{}', which does not vary{}: the sweep's axes are {}",
                                   spread.place.text(), name, spread.over, did_you_mean(spread.over, axes_),
                                   fmt::join(axes_, ", ")));
    named_.insert(spread.over);
    return members(name, spread.over, spread.where);
  }

  Members members(const char* name, const std::string& over, const std::vector<Condition>& conditions) {
    Members result{name, over, {}};
    for (const Condition& condition : conditions) named_.insert(condition.key);
    for (std::size_t i = 0; i < settings_.size(); ++i)
      if (meets(conditions, settings_[i]) && meets(claim_.where, settings_[i]) &&
          (over.empty() || settings_[i].has(over)))
        result.experiments.push_back(i);
    if (result.experiments.empty())
      throw UsageError(fmt::format("{}: no experiment of the sweep meets `{}`", claim_.place.text(), name));
    return result;
  }

  bool everywhere(const std::string& axis) const {
    auto has = [&](std::size_t i) { return settings_[i].has(axis); };
    return std::all_of(high_.experiments.begin(), high_.experiments.end(), has) &&
           std::all_of(low_.experiments.begin(), low_.experiments.end(), has);
  }

  std::string value(std::size_t experiment, const std::string& axis) const {
    return settings_[experiment].has(axis) ? settings_[experiment].all().at(axis).dump() : "-";
  }

  // By what they agree on with their partner.
  std::map<std::string, Side> sides(const Members& members) const {
    std::map<std::string, Side> result;
    std::map<std::string, std::set<std::string>> taken;
    for (std::size_t i : members.experiments) {
      std::string key;
      for (const std::string& axis : shared_) key += value(i, axis) + ";";
      if (!taken[key].insert(members.over.empty() ? "" : value(i, members.over)).second) ambiguous(members);
      result[key].push_back(i);
    }
    for (const auto& [key, side] : result)
      if (!members.over.empty() && side.size() < 2)
        throw UsageError(fmt::format("{}: `{}` spreads over one value of {}: experiment {} has no other beside it",
                                     claim_.place.text(), members.name, members.over, side[0]));
    return result;
  }

  [[noreturn]] void ambiguous(const Members& members) const {
    std::vector<std::string> open;
    for (const std::string& axis : axes_) {
      std::set<std::string> values;
      for (std::size_t i : members.experiments) values.insert(value(i, axis));
      if (values.size() > 1 && axis != members.over && std::find(shared_.begin(), shared_.end(), axis) == shared_.end())
        open.push_back(axis);
    }
    throw UsageError(fmt::format("{}: several experiments of `{}` fit one partner: say in it which of {} is meant",
                                 claim_.place.text(), members.name, fmt::join(open, ", ")));
  }

  const Claim& claim_;
  const std::vector<std::string>& axes_;
  const std::vector<Settings>& settings_;
  Members high_{"", "", {}}, low_;
  std::set<std::string> named_;      // axes that the sides name; those of `where` are the same on both
  std::vector<std::string> shared_;  // axes that all have and no claim names
};

}  // namespace

ClaimSamples::ClaimSamples(const sweep::Plan& plan) : axes_(plan.axes()) {
  for (std::size_t i = 0; i < plan.experiments(); ++i) settings_.push_back(plan.settings(i));
}

std::vector<Sample> ClaimSamples::of(const Claim& claim) const { return Pairing(claim, axes_, settings_).pairs(); }

}  // namespace winnow::report
