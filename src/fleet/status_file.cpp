#include "status_file.h"

#include <fmt/format.h>

#include "clock.h"
#include "host.h"
#include "winnow/core/error.h"

namespace winnow::fleet {

namespace {

constexpr std::size_t kFailures = 10;
constexpr double kSilence = 10;                            // seconds: the file is written once a second

Path path_of(const Path& store) { return store / "status.json"; }

}  // namespace

StatusFile::StatusFile(const Path& store, const Work& work) : path_(path_of(store)), work_(work), begun_(wall_seconds()) {}

void StatusFile::joined(sched::AgentId agent, const std::string& host, std::uint32_t slots) { agents_[agent] = {{"host", host}, {"slots", slots}}; }
void StatusFile::lost(sched::AgentId agent) { agents_.erase(agent); }

void StatusFile::started(sched::Attempt attempt, sched::AgentId agent, std::uint32_t width) {
  auto host = agents_.find(agent);
  running_[attempt] = {{"attempt", attempt.number}, {"width", width}, {"agent", agent}, {"host", host == agents_.end() ? Value("?") : host->second["host"]}, {"since", wall_seconds()}};
}

void StatusFile::progressed(sched::Attempt attempt, const Value& event) {
  auto found = running_.find(attempt);
  if (found == running_.end()) return;
  for (const char* key : {"epoch", "epochs", "step", "steps", "memory"})
    if (auto value = event.find(key); value != event.end() && value->is_number()) found->second[key] = *value;
  if (auto metrics = event.find("metrics"); metrics != event.end() && metrics->is_object())
    if (auto loss = metrics->find("loss"); loss != metrics->end() && loss->is_number()) found->second["loss"] = *loss;
}

void StatusFile::ended(sched::Attempt attempt) { running_.erase(attempt); }

void StatusFile::failed(sched::Attempt attempt, sched::FailureClass why, const std::string& text, bool final) {
  failures_.push_back({{"label", work_.label(attempt.stage)}, {"class", to_string(why)}, {"text", text.substr(0, text.find('\n'))}, {"final", final}, {"time", wall_seconds()}});
  if (failures_.size() > kFailures) failures_.pop_front();
}

void StatusFile::write(const sched::Scheduler::Counts& counts, bool ended) {
  Value status = {{"sweep", work_.name}, {"stages", work_.identities.size()}, {"started", begun_}, {"time", wall_seconds()}, {"host", host_name()}};
  status["ended"] = ended;
  status["counts"] = {{"done", counts.done}, {"failed", counts.failed}, {"blocked", counts.blocked}, {"open", counts.open}, {"running", counts.running}};
  status["agents"] = Value::array();
  for (const auto& [id, agent] : agents_) {
    Value entry = agent;
    std::uint32_t busy = 0;
    for (const auto& [attempt, running] : running_)
      if (running["agent"] == id) busy += running["width"].get<std::uint32_t>();
    entry["running"] = busy;
    status["agents"].push_back(std::move(entry));
  }
  status["running"] = Value::array();
  for (const auto& [attempt, running] : running_) {
    Value entry = running;
    entry["label"] = work_.label(attempt.stage);
    entry["identity"] = work_.identities[attempt.stage].hex();
    status["running"].push_back(std::move(entry));
  }
  status["failures"] = failures_;
  try {
    // Whole or absent, but not synced: it is worth nothing after a crash.
    Path part = temporary_beside(path_);
    std::FILE* file = std::fopen(part.c_str(), "w");
    if (!file) return;
    std::string text = status.dump(-1, ' ', false, Value::error_handler_t::replace) + "\n";
    bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    whole = std::fclose(file) == 0 && whole;
    std::error_code ignored;
    if (whole) std::filesystem::rename(part, path_, ignored);
    else std::filesystem::remove(part, ignored);
  } catch (const Error&) {
  }
}

std::optional<Value> read_status(const Path& store) {
  Path path = path_of(store);
  if (!std::filesystem::exists(path)) return std::nullopt;
  Value status = Value::parse(read_file(path), nullptr, false);
  bool good = status.is_object() && status.contains("sweep") && status["sweep"].is_string() && status.contains("counts") && status["counts"].is_object() &&
              status.contains("time") && status["time"].is_number();
  for (const char* list : {"agents", "running", "failures"}) good = good && status.contains(list) && status[list].is_array();
  if (!good) throw DataError(fmt::format("{} is no status of a run: remove it; the next run writes a new one", path.string()));
  return status;
}

bool is_stale(const Value& status, double now) { return !status.value("ended", false) && now - status.value("time", 0.0) > kSilence; }

}  // namespace winnow::fleet
