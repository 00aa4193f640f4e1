#include "status_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "exact_duration.h"
#include "status_fields.h"
#include "waiting_reasons.h"

namespace winnow::cmd {

namespace {

constexpr double kSilence = 3;  // seconds, after which an agent that says nothing is shown as silent

std::string text(const Value& object, const char* key) { return text_or(object, key, "?"); }

std::string bytes(double n) { return n < 1e9 ? fmt::format("{:.0f} MB", n / 1e6) : fmt::format("{:.1f} GB", n / 1e9); }

// Eighths of a block, so that slow bars move.
std::string bar(double share, std::size_t width) {
  static const char* const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  auto filled =
      static_cast<std::size_t>(std::clamp(std::isfinite(share) ? share : 0, 0.0, 1.0) * static_cast<double>(8 * width));
  std::string result;
  for (std::size_t i = 0; i < filled / 8; ++i) result += "█";
  result += eighths[filled % 8];
  for (std::size_t used = filled / 8 + (filled % 8 != 0); used < width; ++used) result += "·";
  return result;
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// Characters are columns here. A control character (also one of U+0080 to U+009F, which some terminals obey) becomes a
// blank.
std::string cut(const std::string& line, int columns) {
  std::string result;
  std::size_t last = 0;  // where the last character that fits begins
  int used = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    auto byte = static_cast<unsigned char>(line[i]);
    if (begins_character(line[i])) {
      if (used == columns) return result.substr(0, last) + "…";
      ++used;
      last = result.size();
    }
    bool control = byte < 32 || byte == 127;
    bool high = byte == 0xC2 && i + 1 < line.size() && static_cast<unsigned char>(line[i + 1]) < 0xA0;
    result += control || high ? ' ' : line[i];
    if (high) ++i;
  }
  return result;
}

class View {
 public:
  View(const Value& status, double now, const Terminal& screen, std::size_t rows)
      : status_(status), now_(now), screen_(screen), rows_(rows) {}

  std::string text() {
    Lines head = summary(), parts = sweeps(), nodes = agents(), stages = running(), last = failures();
    if (rows_ > 0) {
      // Newest failures stay longest, then sweeps, then agents, then what runs.
      std::size_t room = rows_ > head.size() ? rows_ - head.size() : 0;
      keep_end(last, std::min<std::size_t>(room, std::max<std::size_t>(room / 4, 1)));
      room -= std::min(room, last.empty() ? 0 : last.size() + 1);
      keep_begin(parts, std::max<std::size_t>(room / 3, 1), 1, "sweeps");
      room -= std::min(room, parts.empty() ? 0 : parts.size() + 1);
      keep_begin(nodes, std::max<std::size_t>(room / 3, 1), 1, "agents");
      room -= std::min(room, nodes.empty() ? 0 : nodes.size() + 1);
      keep_begin(stages, room > 0 ? room - 1 : 0, 2, "that run");
    }
    Lines all;
    for (const Lines& lines : {head, parts, nodes, stages, last}) {
      if (!all.empty() && !lines.empty()) all.emplace_back();
      all.insert(all.end(), lines.begin(), lines.end());
    }
    if (rows_ > 0 && all.size() > rows_) all.resize(rows_);
    std::string result;
    for (const std::string& line : all) result += line + "\n";
    return result;
  }

 private:
  using Lines = std::vector<std::string>;

  static void keep_end(Lines& lines, std::size_t most) {
    if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
  }

  // Entries of `each` lines.
  void keep_begin(Lines& lines, std::size_t most, std::size_t each, const char* what) const {
    if (lines.size() <= most) return;
    std::size_t kept = most > 0 ? (most - 1) / each : 0, all = lines.size() / each;
    lines.resize(kept * each);
    if (most > 0) lines.push_back(line(fmt::format("and {} more {}", all - kept, what), "2"));
  }

  std::string line(const std::string& words, const char* code = nullptr) const {
    std::string shown = cut(words, std::max(screen_.width, 1));
    return code && screen_.colour ? fmt::format("\033[{}m{}\033[0m", code, shown) : shown;
  }

  Lines summary() const {
    const Value& counts = status_.at("counts");
    double done = number_or(counts, "done", 0), failed = number_or(counts, "failed", 0),
           blocked = number_or(counts, "blocked", 0);
    double open = number_or(counts, "open", 0), running = number_or(counts, "running", 0),
           all = done + failed + blocked + open;
    std::string state = cmd::text(status_, "state");
    double end = state == "running" ? now_ : number_or(status_, "time", now_);
    double passed = std::max(end - number_or(status_, "started", end), 0.0);
    Lines lines;
    std::string words = state == "running" ? "running for " + exact_duration(passed)
                        : state == "died"  ? fmt::format("its coordinator died after {}", exact_duration(passed))
                        : open > 0         ? "stopped after " + exact_duration(passed)
                                           : "ended after " + exact_duration(passed);
    lines.push_back(line(fmt::format("{}  {}", cmd::text(status_, "sweep"), words), state == "died" ? "1;31" : "1"));
    auto width = static_cast<std::size_t>(std::clamp(screen_.width - 26, 4, 50));
    lines.push_back(line(fmt::format("{} {:.0f} of {:.0f} stages", bar(all > 0 ? done / all : 1, width), done, all),
                         failed + blocked > 0 ? "33" : "32"));
    std::string facts;
    auto fact = [&](double n, const char* what) {
      if (n > 0) facts += fmt::format("{}{:.0f} {}", facts.empty() ? "" : ", ", n, what);
    };
    if (state == "running") fact(running, "running"), fact(open - running, "waiting");
    else fact(open, "not run");
    fact(failed, "failed");
    fact(blocked, "blocked by failed ones");
    if (!facts.empty()) lines.push_back(line(facts));
    if (std::string why = waiting(); state == "running" && !why.empty()) lines.push_back(line(why, "2"));
    if (state == "running") lines.push_back(line(pace(done, passed), "2"));
    else if (state == "died" || open > 0) lines.push_back(line("run it again to resume: what is done stays done"));
    return lines;
  }

  std::string waiting() const {
    std::string words;
    for (const WaitingReason& reason : waiting_reasons(status_))
      words += fmt::format("{}{:.0f} {}", words.empty() ? "waiting: " : ", ", reason.stages, reason.why);
    return words;
  }

  std::string pace(double done, double passed) const {
    double ours = done - number_or(status_, "before", 0), minutes = passed / 60;
    std::string rate;
    if (ours > 0 && minutes > 0) {
      double each = ours / minutes;
      rate = each >= 1 ? fmt::format("{:.3g} a minute", each) : fmt::format("{:.3g} an hour", each * 60);
    }
    auto left = status_.find("left");
    if (left == status_.end() || !left->is_object() || !number(*left, "seconds"))
      return rate.empty() ? "too early to say how long it will take" : rate;
    double guessed = number_or(*left, "guessed", 0), kinds = number_or(*left, "kinds", 0),
           slots = number_or(*left, "slots", 0);
    // It was right when it was written.
    double seconds = number_or(*left, "seconds", 0) - (now_ - number_or(status_, "time", now_));
    std::string words = fmt::format("{}{}about {} left (from what {:.0f} kind{} of stages took, {:.0f} slot{}", rate,
                                    rate.empty() ? "" : ", ", exact_duration(seconds), kinds, kinds == 1 ? "" : "s",
                                    slots, slots == 1 ? "" : "s");
    if (guessed > 0) words += fmt::format("; {:.0f} guessed", guessed);
    return words + ")";
  }

  // Where there are several: a line each.
  Lines sweeps() const {
    Lines lines;
    auto all = status_.find("sweeps");
    if (all == status_.end() || !all->is_array() || all->size() < 2) return lines;
    std::size_t wide = 0;
    for (const Value& sweep : *all) wide = std::max(wide, cmd::text(sweep, "sweep").size());
    wide = std::min<std::size_t>(wide, 30);
    for (const Value& sweep : *all) {
      auto found = sweep.find("counts");
      const Value counts = found == sweep.end() ? Value::object() : *found;
      double stages = number_or(sweep, "stages", 0), done = number_or(counts, "done", 0),
             failed = number_or(counts, "failed", 0), blocked = number_or(counts, "blocked", 0),
             open = number_or(counts, "open", 0), running = number_or(counts, "running", 0);
      std::string words = fmt::format("{:{}}  {} {:.0f} of {:.0f} stages", cmd::text(sweep, "sweep"), wide,
                                      bar(stages > 0 ? done / stages : 1, screen_.width < 60 ? 8 : 16), done, stages);
      if (flag(sweep, "complete")) words += ", complete";
      if (running > 0) words += fmt::format(", {:.0f} running", running);
      if (open > running) words += fmt::format(", {:.0f} waiting", open - running);
      if (failed > 0) words += fmt::format(", {:.0f} failed", failed);
      if (blocked > 0) words += fmt::format(", {:.0f} blocked", blocked);
      lines.push_back(failed + blocked > 0 ? line(words, "33") : line(words));
    }
    return lines;
  }

  Lines agents() const {
    Lines lines;
    if (cmd::text(status_, "state") != "running") return lines;
    for (const Value& agent : status_.at("agents")) {
      double silent = number_or(status_, "time", now_) - number_or(agent, "heard", now_);
      std::string words = fmt::format("{:<16} {:.0f} of {:.0f} slots busy", cmd::text(agent, "host"),
                                      number_or(agent, "running", 0), number_or(agent, "slots", 0));
      auto until = number(agent, "quarantined_until");
      if (until && *until > now_)
        words += fmt::format(", gets no stages for {}: several failed there in a row", exact_duration(*until - now_));
      else if (silent > kSilence) words += fmt::format(", silent for {}", exact_duration(silent));
      bool well = silent <= kSilence && !(until && *until > now_);
      lines.push_back(well ? line(words) : line(words, "33"));
      for (const Value& gpu : list(agent, "gpus")) lines.push_back(gpu_line(gpu));
      auto sick = agent.find("quarantined_devices");
      if (sick == agent.end() || !sick->is_object()) continue;
      for (const auto& [device, until] : sick->items())
        if (until.is_number() && until.get<double>() > now_)
          lines.push_back(line(fmt::format("  {} gets no stages for {}: several failed there in a row", device,
                                           exact_duration(until.get<double>() - now_)),
                               "33"));
    }
    return lines;
  }

  std::string gpu_line(const Value& gpu) const {
    std::string words = fmt::format("  GPU {:.0f} {}", number_or(gpu, "index", 0), cmd::text(gpu, "name"));
    if (std::string why = cmd::text(gpu, "unusable"); !why.empty() && why != "?")
      return line(fmt::format("{}: lost: {}", words, why), "33");
    return line(fmt::format("{}  {:.0f} %, {} of {}, {:.0f} °C", words, number_or(gpu, "utilisation", 0),
                            bytes(number_or(gpu, "used", 0)), bytes(number_or(gpu, "memory", 0)),
                            number_or(gpu, "temperature", 0)),
                "2");
  }

  Lines running() const {
    Lines lines;
    std::string state = cmd::text(status_, "state");
    if (state == "ended") return lines;
    double then = state == "running" ? now_ : number_or(status_, "time", now_);
    for (const Value& stage : status_.at("running")) {
      double steps = number_or(stage, "steps", 0), step = number_or(stage, "step", 0),
             passed = then - number_or(stage, "since", then);
      lines.push_back(line(fmt::format("{} {}", bar(steps > 0 ? step / steps : 0, screen_.width < 60 ? 8 : 16),
                                       cmd::text(stage, "label"))));
      std::string facts = fmt::format("  {}", exact_duration(passed));
      if (double rate = number_or(stage, "rate", 0); state == "running" && rate > 0 && steps > step)
        facts += fmt::format(", about {} left", exact_duration((steps - step) / rate));
      if (stage.contains("phase")) facts += ", " + cmd::text(stage, "phase");
      // Counted from 0, said from 1: "epoch 3/3" is the last one.
      if (auto epoch = number(stage, "epoch"), epochs = number(stage, "epochs"); epoch && epochs)
        facts += fmt::format(", epoch {:.0f}/{:.0f}", std::min(*epoch + 1, *epochs), *epochs);
      if (steps > 0) facts += fmt::format(", step {:.0f}/{:.0f}", step, steps);
      if (auto loss = number(stage, "loss")) facts += fmt::format(", loss {:.3g}", *loss);
      if (auto memory = number(stage, "memory")) facts += ", " + bytes(*memory);
      if (auto own = number(stage, "device_memory"))
        facts += fmt::format(", {} of its GPU, at most {}", bytes(*own), bytes(number_or(stage, "device_peak", *own)));
      if (double width = number_or(stage, "width", 1); width > 1) facts += fmt::format(", {:.0f} processes", width);
      if (double attempt = number_or(stage, "attempt", 1); attempt > 1)
        facts += fmt::format(", attempt {:.0f}", attempt);
      facts += ", on " + cmd::text(stage, "host");
      lines.push_back(line(facts, "2"));
    }
    return lines;
  }

  // What failed for good last, where it stays when there is little room.
  Lines failures() const {
    Lines lines, final_ones;
    for (const Value& failure : status_.at("failures")) {
      bool final = flag(failure, "final");
      (final ? final_ones : lines)
          .push_back(line(fmt::format("{} {} ago  {}: {}", final ? "failed" : "tried again",
                                      exact_duration(now_ - number_or(failure, "time", now_)),
                                      cmd::text(failure, "label"), cmd::text(failure, "text")),
                          final ? "31" : "33"));
    }
    if (double more = number_or(status_, "failures_left_out", 0); more > 0)
      lines.push_back(line(fmt::format("{:.0f} more failed before these: the journal has them", more), "31"));
    lines.insert(lines.end(), final_ones.begin(), final_ones.end());
    return lines;
  }

  const Value& status_;
  double now_;
  const Terminal& screen_;
  std::size_t rows_;
};

}  // namespace

std::string status_view(const Value& status, double now, const Terminal& screen, std::size_t rows) {
  return View(status, now, screen, rows).text();
}

}  // namespace winnow::cmd
