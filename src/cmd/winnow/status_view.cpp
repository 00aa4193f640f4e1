#include "status_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/fleet/status.h"

namespace winnow::cmd {

namespace {

std::string duration(double seconds) {
  auto s = static_cast<long>(std::max(seconds, 0.0));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

// Eighths of a block, so that slow bars move.
std::string bar(double share, std::size_t width) {
  static const char* const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(8 * width));
  std::string text;
  for (std::size_t i = 0; i < filled / 8; ++i) text += "█";
  std::size_t used = filled / 8 + (filled % 8 != 0);
  text += eighths[filled % 8];
  for (; used < width; ++used) text += "·";
  return text;
}

class View {
 public:
  View(const Value& status, double now, const Terminal& screen) : status_(status), now_(now), screen_(screen) {}

  std::string text() {
    summary();
    agents();
    running();
    failures();
    return std::move(text_);
  }

 private:
  double count(const char* key) const { return status_.at("counts").value(key, 0.0); }
  std::string paint(const char* code, const std::string& text) const { return screen_.colour ? fmt::format("\033[{}m{}\033[0m", code, text) : text; }

  // Cut to the screen: by code points, which are columns here.
  void line(const std::string& text, const char* code = nullptr) {
    std::string cut;
    int columns = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
      if (begins && ++columns > screen_.width) break;
      cut += text[i];
    }
    text_ += (code ? paint(code, cut) : cut) + "\n";
  }

  void summary() {
    double done = count("done"), failed = count("failed") + count("blocked"), open = count("open"), all = done + failed + open;
    double elapsed = (status_.value("ended", false) ? status_.value("time", now_) : now_) - status_.value("started", now_);
    line(fmt::format("{}  {}", status_.value("sweep", ""), fleet::is_stale(status_, now_) ? "the coordinator has died: run it again to go on"
                                                          : status_.value("ended", false) ? "ended" : "running"), "1");
    auto width = static_cast<std::size_t>(std::clamp(screen_.width - 30, 10, 50));
    line(fmt::format("{} {:.0f} of {:.0f} stages", bar(all > 0 ? done / all : 1, width), done, all), failed > 0 ? "33" : "32");
    std::string words = fmt::format("{:.0f} running, {:.0f} open, {:.0f} failed or blocked; {} so far", count("running"), open - count("running"), failed, duration(elapsed));
    line(words);
    text_ += "\n";
  }

  void agents() {
    for (const Value& agent : status_.at("agents"))
      line(fmt::format("{:<20} {} of {} slots busy", agent.value("host", "?"), agent.value("running", 0), agent.value("slots", 0)));
    if (!status_.at("agents").empty()) text_ += "\n";
  }

  void running() {
    for (const Value& stage : status_.at("running")) {
      double steps = stage.value("steps", 0.0), step = stage.value("step", 0.0), passed = now_ - stage.value("since", now_);
      std::string left = step > 0 && steps > step ? fmt::format(", about {} left", duration(passed / step * (steps - step))) : "";
      line(fmt::format("{} {}", bar(steps > 0 ? step / steps : 0, 16), stage.value("label", "?")));
      std::string facts = fmt::format("  on {}, {}{}", stage.value("host", "?"), duration(passed), left);
      if (stage.contains("epoch")) facts += fmt::format(", epoch {:.0f}/{:.0f}", stage.value("epoch", 0.0) + 1, stage.value("epochs", 0.0));
      if (stage.contains("loss")) facts += fmt::format(", loss {:.4g}", stage.value("loss", 0.0));
      if (stage.contains("memory")) facts += fmt::format(", {:.0f} MB", stage.value("memory", 0.0) / 1e6);
      if (stage.value("width", 1) > 1) facts += fmt::format(", {} processes", stage.value("width", 1));
      if (stage.value("attempt", 1) > 1) facts += fmt::format(", attempt {}", stage.value("attempt", 1));
      line(facts, "2");
    }
    if (!status_.at("running").empty()) text_ += "\n";
  }

  void failures() {
    for (const Value& failure : status_.at("failures"))
      line(fmt::format("{} {} ago: {}: {}", failure.value("final", false) ? "FAILED" : "tried again", duration(now_ - failure.value("time", now_)), failure.value("label", "?"),
                       failure.value("text", "")), failure.value("final", false) ? "31" : "33");
  }

  const Value& status_;
  double now_;
  const Terminal& screen_;
  std::string text_;
};

}  // namespace

std::string status_view(const Value& status, double now, const Terminal& screen) { return View(status, now, screen).text(); }

}  // namespace winnow::cmd
