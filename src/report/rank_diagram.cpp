#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "html/svg.h"
#include "winnow/report/comparison.h"

namespace winnow::report {

namespace {

std::vector<std::size_t> by_rank(const Ranking& ranking) {
  std::vector<std::size_t> order(ranking.ranks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return ranking.ranks[a] < ranking.ranks[b]; });
  return order;
}

// Longest runs of methods, in the order of their ranks, within one critical difference; runs inside others are left
// out.
std::vector<std::pair<std::size_t, std::size_t>> groups(const Ranking& ranking, const std::vector<std::size_t>& order) {
  std::vector<std::pair<std::size_t, std::size_t>> result;
  if (!ranking.critical_difference) return result;
  for (std::size_t first = 0, reached = 0; first < order.size(); ++first) {
    std::size_t last = first;
    while (last + 1 < order.size() &&
           ranking.ranks[order[last + 1]] - ranking.ranks[order[first]] < *ranking.critical_difference)
      ++last;
    if (last > first && (result.empty() || last > reached)) result.emplace_back(first, last), reached = last;
  }
  return result;
}

// Beside the line of ranks: a tick from it, a gap, and the longest label, of which no letter is cut off. A letter of
// the page's 12 px is 7.2 wide at most, but for capitals and wide signs, which are rare and have narrow ones beside
// them.
constexpr double kTick = 20, kGap = 5;
double side_for(const std::vector<std::string>& labels) {
  constexpr double kLetter = 7.2, kLeast = 170;
  std::size_t longest = 0;
  for (const std::string& label : labels) longest = std::max(longest, label.size());
  return std::max(kLeast, std::ceil(kTick + kGap + kLetter * static_cast<double>(longest)));
}

}  // namespace

std::string rank_diagram_svg(const Ranking& ranking) {
  constexpr double kLine = 300, kAxis = 46, kRow = 22;
  std::vector<std::size_t> order = by_rank(ranking);
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < order.size(); ++i)
    labels.push_back(fmt::format("{} ({:.2f})", ranking.names[order[i]], ranking.ranks[order[i]]));
  const double kSide = side_for(labels), kWidth = 2 * kSide + kLine;
  auto bars = groups(ranking, order);
  auto k = static_cast<double>(order.size());
  auto px = [&](double rank) { return kSide + (rank - 1) / (k - 1) * (kWidth - 2 * kSide); };
  std::size_t left = (order.size() + 1) / 2;
  double first_row = kAxis + 16 + 10 * static_cast<double>(bars.size());
  std::string text = fmt::format(
      "<svg class=\"chart\" viewBox=\"0 0 {} {:.0f}\" role=\"img\" aria-label=\"average ranks over {} columns\">",
      kWidth, first_row + kRow * static_cast<double>(left) + 6, ranking.blocks);
  text +=
      fmt::format("<line class=\"axis\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>", px(1), px(k), kAxis, kAxis);
  for (double rank = 1; rank <= k; ++rank)
    text += fmt::format(
        "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text class=\"tick\" x=\"{0:.1f}\" "
        "y=\"{3}\" text-anchor=\"middle\">{4:g}</text>",
        px(rank), kAxis - 5, kAxis, kAxis - 9, rank);
  if (ranking.critical_difference) {
    double length = std::min(*ranking.critical_difference / (k - 1), 1.0) * (kWidth - 2 * kSide);
    text += fmt::format(
        "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"12\" y2=\"12\"/><text class=\"tick\" x=\"{2:.1f}\" "
        "y=\"16\">CD = {3:.2f}</text>",
        px(1), px(1) + length, px(1) + length + 6, *ranking.critical_difference);
  }
  for (std::size_t i = 0; i < bars.size(); ++i) {
    double y = kAxis + 10 + 10 * static_cast<double>(i);
    text +=
        fmt::format("<line class=\"group\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>",
                    px(ranking.ranks[order[bars[i].first]]) - 3, px(ranking.ranks[order[bars[i].second]]) + 3, y, y);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    bool on_left = i < left;
    double y = first_row + kRow * static_cast<double>(on_left ? i : order.size() - 1 - i) + 8,
           x = px(ranking.ranks[order[i]]);
    double edge = on_left ? kSide - kTick : kWidth - kSide + kTick;
    text += fmt::format("<polyline class=\"axis\" points=\"{0:.1f},{1} {0:.1f},{2:.1f} {3:.1f},{2:.1f}\"/>", x, kAxis,
                        y, edge);
    text +=
        fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                    on_left ? edge - kGap : edge + kGap, y + 4, on_left ? "end" : "start", html::escaped(labels[i]));
  }
  return text + "</svg>";
}

std::string rank_diagram_text(const Ranking& ranking) {
  std::vector<std::size_t> order = by_rank(ranking);
  std::size_t longest = 0;
  for (const std::string& name : ranking.names) longest = std::max(longest, name.size());
  auto bars = groups(ranking, order);
  std::string text =
      fmt::format("average ranks over {} columns; Friedman chi2 = {:.2f}, p = {:.3g}{}\n", ranking.blocks,
                  ranking.chi_square, ranking.p,
                  ranking.critical_difference
                      ? fmt::format("; Nemenyi's critical difference at 0.05: {:.2f}", *ranking.critical_difference)
                      : "");
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::string joined;
    for (auto [first, last] : bars) joined += i >= first && i <= last ? " |" : "  ";
    text += fmt::format("  {:<{}}  {:5.2f} {}\n", ranking.names[order[i]], longest, ranking.ranks[order[i]], joined);
  }
  if (!bars.empty()) text += "methods beside one bar do not differ by the critical difference\n";
  return text;
}

}  // namespace winnow::report
