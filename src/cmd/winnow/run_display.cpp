#include "run_display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "terminal.h"
#include "winnow/core/printable.h"

namespace winnow::cmd {

namespace {

constexpr double kQuiet = 10;  // seconds without a line, after which a status line is due where none is redrawn

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string duration(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  if (seconds < 3600) return fmt::format("{:.0f} min {:02.0f} s", std::floor(seconds / 60), std::fmod(seconds, 60));
  return fmt::format("{:.0f} h {:02.0f} min", std::floor(seconds / 3600), std::floor(std::fmod(seconds, 3600) / 60));
}

// mpirun gives ranks a terminal of its own whatever it has itself, so its wrapper says what there is.
bool on_terminal() {
  if (const char* told = std::getenv("WINNOW_TTY")) return std::string(told) == "1";
  return terminal().width > 0 && ::isatty(STDOUT_FILENO) && !std::getenv("OMPI_COMM_WORLD_RANK");
}

// "epoch 1/3 step 47/141 loss 0.71" of a progress event.
std::string short_form(const Value& event) {
  std::string text;
  auto pair = [&](const char* key, const char* of) {
    if (!event.contains(key) || !event[key].is_number()) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", key, event[key].dump());
    if (event.contains(of) && event[of].is_number()) text += "/" + event[of].dump();
  };
  pair("epoch", "epochs");
  pair("step", "steps");
  if (event.contains("metrics") && event["metrics"].is_object())
    for (const auto& [name, value] : event["metrics"].items())
      if (value.is_number()) text += fmt::format(" {} {:.3g}", name, value.get<double>());
  return text;
}

}  // namespace

RunDisplay::RunDisplay(std::size_t total, std::size_t before, bool json,
                       std::function<std::string(sched::StageId)> label)
    : total_(total), finished_(before), label_(std::move(label)), to_(json ? stderr : stdout),
      live_(!json && on_terminal()), width_(terminal().width), printed_(seconds_now()) {}

RunDisplay::~RunDisplay() { erase_status(); }

void RunDisplay::erase_status() {
  if (!drawn_) return;
  std::fputs("\r\033[K", to_);
  std::fflush(to_);
  drawn_ = false;
}

void RunDisplay::print(const std::string& text) {
  erase_status();
  std::fputs((text + "\n").c_str(), to_);  // not fmt::print: the reader may be gone, and the run continues
  std::fflush(to_);
  printed_ = seconds_now();
}

void RunDisplay::started(sched::Attempt attempt, const std::string&) { running_[attempt.stage].clear(); }

void RunDisplay::progressed(sched::Attempt attempt, const Value& event) {
  if (auto found = running_.find(attempt.stage); found != running_.end()) found->second = short_form(event);
}

void RunDisplay::done(sched::Attempt attempt, double seconds, const std::string& host) {
  running_.erase(attempt.stage);
  ++finished_;
  print(fmt::format("[{:>{}}/{}] {}  {}  ({})", finished_, std::to_string(total_).size(), total_, label_(attempt.stage),
                    duration(seconds), host));
}

void RunDisplay::failed(sched::Attempt attempt, sched::FailureClass why, const std::string& text, bool final) {
  running_.erase(attempt.stage);
  std::string first = printable(text.substr(0, text.find('\n')));
  std::string line =
      fmt::format("{} {} (attempt {}, {}): {}", final ? "FAILED" : "will be tried again:", label_(attempt.stage),
                  attempt.number, to_string(why), first);
  for (std::size_t at = text.find('\n'); at != std::string::npos && at + 1 < text.size();) {
    std::size_t end = text.find('\n', at + 1);
    line += "\n    " + printable(text.substr(at + 1, end == std::string::npos ? end : end - at - 1));
    at = end;
  }
  if (final)
    failures_[attempt.stage] = {{"stage", label_(attempt.stage)}, {"class", to_string(why)}, {"reason", first}};
  print(line);
}

void RunDisplay::blocked(sched::StageId stage, sched::StageId because) {
  print(fmt::format("blocked {}: it needs {}, which failed", label_(stage), label_(because)));
}

void RunDisplay::revived(sched::StageId stage) { failures_.erase(stage); }

void RunDisplay::extended(std::size_t stages) { total_ += stages; }

void RunDisplay::withdrawn(sched::StageId stage) { running_.erase(stage); }

std::vector<Value> RunDisplay::failures() const {
  std::vector<Value> result;
  for (const auto& [stage, failure] : failures_) result.push_back(failure);
  return result;
}

void RunDisplay::say(const std::string& line) { print("winnow: " + printable(line)); }

void RunDisplay::status(const sched::Scheduler::Counts& counts, const std::optional<fleet::TimeLeft>& left) {
  if (!live_ && seconds_now() - printed_ < kQuiet) return;
  std::string line = fmt::format("{} of {} done, {} running", finished_, total_, counts.running);
  if (left && finished_ < total_) line += fmt::format(", about {} left", duration(std::ceil(left->seconds)));
  if (counts.failed) line += fmt::format(", {} failed", counts.failed);
  for (const auto& [stage, text] : running_)
    if (!text.empty()) line += fmt::format("; {}: {}", label_(stage), text);
  if (!live_) return print(line);
  std::size_t room = static_cast<std::size_t>(std::max(width_ - 1, 20));
  if (line.size() > room) line.resize(room);
  std::fputs(("\r\033[K" + line).c_str(), to_);
  std::fflush(to_);
  drawn_ = true;
}

}  // namespace winnow::cmd
