#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "svg.h"

namespace winnow::report::html {

namespace {

constexpr double kWidth = 420, kHeight = 250, kLeft = 42, kRight = 12, kTop = 10, kBottom = 34;

// A step of 1, 2 or 5 times a power of ten that gives at most `most` ticks.
double nice_step(double span, int most) {
  double step = std::pow(10, std::floor(std::log10(span / most)));
  for (double factor : {1.0, 2.0, 5.0, 10.0})
    if (span / (step * factor) <= most) return step * factor;
  return step * 10;
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void widen() {
    if (!(low <= high)) low = 0, high = 1;
    if (high - low < 1e-9) low -= 0.5, high += 0.5;
  }
};

// One panel of a chart; the scale is that of all its panels.
class Plot {
 public:
  Plot(const Chart& chart, std::vector<const Line*> lines) : chart_(chart), lines_(std::move(lines)) {
    for (const Line& line : chart.lines)
      for (std::size_t i = 0; i < line.x.size(); ++i) {
        x_.add(line.x[i]);
        y_.add(line.mean[i] - line.deviation[i]);
        y_.add(line.mean[i] + line.deviation[i]);
      }
    x_.widen();
    y_.widen();
    double margin = (y_.high - y_.low) * 0.05;
    y_.low -= margin;
    y_.high += margin;
  }

  std::string draw() {
    text_ = fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, kHeight,
                        escaped(fmt::format("{}, {} by {}", chart_.title, chart_.unit, chart_.over)));
    axes();
    for (const Line* own : lines_) band(*own, own->colour);
    for (const Line* own : lines_) line(*own, own->colour);
    return text_ + "</svg>";
  }

 private:
  double px(double x) const { return kLeft + (x - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight); }
  double py(double y) const {
    return kHeight - kBottom - (y - y_.low) / (y_.high - y_.low) * (kHeight - kTop - kBottom);
  }

  void axes() {
    double step = nice_step(y_.high - y_.low, 5);
    for (double y = std::ceil(y_.low / step) * step; y <= y_.high; y += step) {
      text_ += fmt::format("<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", kLeft,
                           kWidth - kRight, py(y), py(y));
      text_ += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>", kLeft - 6,
                           py(y) + 4, std::abs(y) < step / 1e6 ? 0 : y);
    }
    double every = std::max(1.0, nice_step(x_.high - x_.low, 8));
    for (double x = std::ceil(x_.low / every) * every; x <= x_.high + 1e-9; x += every)
      text_ += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:g}</text>", px(x),
                           kHeight - kBottom + 18, x);
    text_ += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                         kWidth - kRight, kHeight - 3, escaped(chart_.over));
  }

  void band(const Line& line, std::size_t colour) {
    if (std::all_of(line.deviation.begin(), line.deviation.end(), [](double d) { return d == 0; })) return;
    std::string there, back;
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (!std::isfinite(line.mean[i])) continue;
      there += fmt::format("{:.1f},{:.1f} ", px(line.x[i]), py(line.mean[i] + line.deviation[i]));
      back = fmt::format("{:.1f},{:.1f} ", px(line.x[i]), py(line.mean[i] - line.deviation[i])) + back;
    }
    text_ += fmt::format("<polygon class=\"band c{}\" points=\"{}{}\"/>", colour, there, back);
  }

  void line(const Line& line, std::size_t colour) {
    std::string points;
    for (std::size_t i = 0; i < line.x.size(); ++i)
      if (std::isfinite(line.mean[i])) points += fmt::format("{:.1f},{:.1f} ", px(line.x[i]), py(line.mean[i]));
    text_ += fmt::format("<polyline class=\"line c{}\" points=\"{}\"/>", colour, points);
    if (line.x.size() > 40) return;
    for (std::size_t i = 0; i < line.x.size(); ++i)
      if (std::isfinite(line.mean[i]))
        text_ += fmt::format(
            "<circle class=\"dot c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"><title>{}, {} {:g}: {:.2f} ± "
            "{:.2f}</title></circle>",
            colour, px(line.x[i]), py(line.mean[i]), escaped(line.name), escaped(chart_.over), line.x[i], line.mean[i],
            line.deviation[i]);
  }

  const Chart& chart_;
  std::vector<const Line*> lines_;
  Range x_, y_;
  std::string text_;
};

// The same numbers for those who do not see the image.
std::string numbers(const Chart& chart) {
  std::string text = fmt::format(
      "<details class=\"numbers\"><summary>Numbers</summary><div class=\"scroll\"><table><thead><tr><th "
      "scope=\"col\">{}</th>",
      escaped(chart.over));
  std::vector<double> epochs;
  for (const Line& line : chart.lines) {
    text += fmt::format("<th scope=\"col\">{}</th>", escaped(line.name));
    if (line.x.size() > epochs.size()) epochs = line.x;
  }
  text += "</tr></thead><tbody>";
  for (double epoch : epochs) {
    text += fmt::format("<tr><th scope=\"row\">{:g}</th>", epoch);
    for (const Line& line : chart.lines) {
      auto at = std::find(line.x.begin(), line.x.end(), epoch);
      auto i = static_cast<std::size_t>(at - line.x.begin());
      text +=
          at == line.x.end() ? "<td></td>" : fmt::format("<td>{:.2f} ± {:.2f}</td>", line.mean[i], line.deviation[i]);
    }
    text += "</tr>";
  }
  return text + "</tbody></table></div></details>";
}

std::string legend(const std::vector<const Line*>& lines) {
  std::string text = "<ul class=\"legend\">";
  for (const Line* line : lines)
    text += fmt::format(
        "<li><svg class=\"swatch\" viewBox=\"0 0 24 8\" aria-hidden=\"true\"><line class=\"line c{}\" x1=\"0\" "
        "x2=\"24\" y1=\"4\" y2=\"4\"/></svg>{} "
        "<span class=\"unit\">n = {}</span></li>",
        line->colour, escaped(line->name), line->n);
  return text + "</ul>";
}

}  // namespace

std::string chart(const Chart& chart) {
  std::string text =
      fmt::format("<figure class=\"card\"><figcaption><b>{}</b><span class=\"unit\">{}</span></figcaption>",
                  escaped(chart.title), escaped(chart.unit));
  std::map<std::size_t, std::vector<const Line*>> panels;
  for (const Line& line : chart.lines) panels[line.panel].push_back(&line);
  for (const auto& [number, lines] : panels) text += Plot(chart, lines).draw() + legend(lines);
  return text + numbers(chart) + "</figure>";
}

}  // namespace winnow::report::html
