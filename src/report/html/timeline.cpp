#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "svg.h"

namespace winnow::report::html {

namespace {

constexpr double kWidth = 960, kLane = 18, kGap = 4, kLeft = 130, kRight = 10, kAxis = 26;
constexpr double kHandOver = 1;  // seconds: a trainer starts its next stage while the last result is committed

struct Lane {
  std::string host;
  std::vector<const Attempt*> attempts;
};

// Attempts of a host go to its first lane that is free: as many lanes as were busy at once.
std::vector<Lane> lanes_of(const std::vector<Attempt>& attempts) {
  std::vector<const Attempt*> sorted;
  for (const Attempt& attempt : attempts) sorted.push_back(&attempt);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Attempt* a, const Attempt* b) { return a->begin < b->begin; });
  std::map<std::string, std::vector<Lane>> by_host;
  for (const Attempt* attempt : sorted) {
    std::vector<Lane>& lanes = by_host[attempt->host];
    auto free = std::find_if(lanes.begin(), lanes.end(),
                             [&](const Lane& lane) { return lane.attempts.back()->end <= attempt->begin + kHandOver; });
    if (free == lanes.end()) free = lanes.insert(lanes.end(), Lane{attempt->host, {}});
    free->attempts.push_back(attempt);
  }
  std::vector<Lane> result;
  for (auto& [host, lanes] : by_host)
    for (Lane& lane : lanes) result.push_back(std::move(lane));
  return result;
}

std::string duration(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

// Long pauses between runs of the sweep would leave no room for the runs: they are cut out, and marked.
class Clock {
 public:
  explicit Clock(const std::vector<Attempt>& attempts) {
    std::vector<std::pair<double, double>> busy;
    for (const Attempt& attempt : attempts) busy.emplace_back(attempt.begin, attempt.end);
    std::sort(busy.begin(), busy.end());
    double total = 0;
    for (auto [begin, end] : busy) total += end - begin;
    double longest = std::max(30.0, total / 20);
    double end = busy.front().first;
    pieces_.push_back({end, 0});
    for (auto [begin, next] : busy) {
      if (begin > end + longest) {
        double at = of(end);
        pieces_.push_back({begin, at + longest / 4});
        cuts_.push_back(at + longest / 8);
      }
      end = std::max(end, next);
    }
    length_ = std::max(of(end), 1e-3);
  }
  double of(double time) const {
    auto piece = std::find_if(pieces_.rbegin(), pieces_.rend(), [&](const auto& p) { return p.first <= time + 1e-9; });
    return piece == pieces_.rend() ? 0 : piece->second + time - piece->first;
  }
  double length() const { return length_; }
  const std::vector<double>& cuts() const { return cuts_; }

 private:
  std::vector<std::pair<double, double>> pieces_;  // wall time, time on the axis
  std::vector<double> cuts_;
  double length_ = 1;
};

}  // namespace

std::string timeline(const std::vector<Attempt>& attempts) {
  if (attempts.empty()) return "";
  std::vector<Lane> lanes = lanes_of(attempts);
  Clock clock(attempts);
  double height = static_cast<double>(lanes.size()) * (kLane + kGap) + kAxis;
  auto px = [&](double at) { return kLeft + at / clock.length() * (kWidth - kLeft - kRight); };
  std::string text = fmt::format(
      "<svg class=\"timeline\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, height,
      fmt::format("{} attempts on {} slots over {}", attempts.size(), lanes.size(), duration(clock.length())));
  std::string previous;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    double y = static_cast<double>(i) * (kLane + kGap);
    if (lanes[i].host != previous)
      text += fmt::format("<text class=\"tick\" x=\"0\" y=\"{:.1f}\">{}</text>", y + 13,
                          escaped(lanes[i].host.substr(0, 18)));
    previous = lanes[i].host;
    text += fmt::format("<rect class=\"lane\" x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\"/>", kLeft, y,
                        kWidth - kLeft - kRight, kLane);
    for (const Attempt* attempt : lanes[i].attempts) {
      double from = px(clock.of(attempt->begin)), to = px(clock.of(attempt->end));
      text += fmt::format(
          "<rect class=\"bar {}\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{}\" rx=\"2\"><title>{}, attempt "
          "{}: {}, {}</title></rect>",
          escaped(attempt->outcome), from, y, std::max(to - from - 0.5, 0.6), kLane, escaped(attempt->label),
          attempt->number, escaped(attempt->outcome), duration(attempt->end - attempt->begin));
    }
  }
  for (double cut : clock.cuts())
    text += fmt::format(
        "<line class=\"cut\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"0\" y2=\"{1:.1f}\"><title>a pause is cut "
        "out</title></line>",
        px(cut), height - kAxis);
  for (int i = 0; i <= 4; ++i)
    text += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                        px(clock.length() * i / 4), height - 8,
                        i == 4 ? "end"
                        : i    ? "middle"
                               : "start",
                        duration(clock.length() * i / 4));
  return text + "</svg>";
}

}  // namespace winnow::report::html
