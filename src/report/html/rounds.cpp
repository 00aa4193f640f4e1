#include "rounds.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace winnow::report {

namespace {

// A stage that makes labels; what it counts as round is how many such stages it rests on, itself included.
bool makes_labels(const sweep::Node& node) { return node.label == "select" || node.label == "cross-filter"; }

class Rounds {
 public:
  explicit Rounds(const sweep::Plan& plan) : plan_(plan) {}

  const std::vector<std::set<std::uint32_t>>& below(std::uint32_t cell) {
    depth(cell);
    return rounds_;
  }

 private:
  std::size_t depth(std::uint32_t node) {
    if (auto known = depths_.find(node); known != depths_.end()) return known->second;
    std::size_t most = 0;
    for (std::uint32_t input : plan_.nodes()[node].inputs) most = std::max(most, depth(input));
    if (makes_labels(plan_.nodes()[node])) {
      ++most;
      if (rounds_.size() < most) rounds_.resize(most);
      rounds_[most - 1].insert(node);
    }
    return depths_[node] = most;
  }

  const sweep::Plan& plan_;
  std::map<std::uint32_t, std::size_t> depths_;
  std::vector<std::set<std::uint32_t>> rounds_;
};

}  // namespace

std::map<std::string, std::vector<double>> rounds_of(const sweep::Plan& plan, store::RunReader& runs,
                                                     std::uint32_t cell) {
  Rounds rounds(plan);
  const auto& stages = rounds.below(cell);
  std::map<std::string, std::vector<double>> result;
  if (stages.size() < 2) return result;
  for (const auto& [name, metric] :
       {std::pair(kRoundPrecision, "selection_precision"), std::pair(kRoundCoverage, "selection_kept")}) {
    std::vector<double>& values = result[name];
    for (const std::set<std::uint32_t>& round : stages) {
      double sum = 0;
      for (std::uint32_t node : round) {
        const store::RunReader::Run* run = runs.find(plan.nodes()[node].identity);
        std::optional<double> value = run ? run->final_value(metric) : std::nullopt;
        sum += value.value_or(NAN);
      }
      values.push_back(sum / static_cast<double>(round.size()));
    }
    if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) result.erase(name);
  }
  return result;
}

}  // namespace winnow::report
