#include "status_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "clock.h"
#include "lease.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/json_text.h"

namespace winnow::fleet {

namespace {

constexpr std::size_t kRetries = 10, kFailed = 100;

Path path_of(const Path& store) { return store / "status.json"; }

Value to_json(const sched::Scheduler::Waiting& waiting) {
  Value result = {{"inputs", waiting.inputs},
                  {"room", waiting.room},
                  {"given", waiting.given},
                  {"preparing", waiting.preparing},
                  {"pause", waiting.pause}};
  if (waiting.next_try) result["next_try"] = std::chrono::duration<double>(*waiting.next_try).count();
  Value widths = Value::array();
  for (const auto& [width, stages] : waiting.wide) widths.push_back({{"width", width}, {"stages", stages}});
  result["wide"] = std::move(widths);
  return result;
}

}  // namespace

StatusFile::StatusFile(const Path& store, const Work& work, const SweepProgress& progress)
    : path_(path_of(store)), work_(work), progress_(progress), begun_(wall_seconds()),
      before_(static_cast<std::size_t>(std::count(work.graph.done.begin(), work.graph.done.end(), true))) {}

void StatusFile::extended(std::size_t done) { before_ += done; }

void StatusFile::joined(sched::AgentId agent, const std::string& host, std::uint32_t slots, const Value& gpus) {
  agents_[agent] = {{"host", host}, {"slots", slots}, {"heard", wall_seconds()}, {"gpus", gpus}};
}

void StatusFile::resized(sched::AgentId agent, std::uint32_t slots) {
  if (auto found = agents_.find(agent); found != agents_.end()) found->second["slots"] = slots;
}

void StatusFile::gpus(sched::AgentId agent, const Value& gpus) {
  if (auto found = agents_.find(agent); found != agents_.end()) found->second["gpus"] = gpus;
}

void StatusFile::heard(sched::AgentId agent) {
  if (auto found = agents_.find(agent); found != agents_.end()) found->second["heard"] = wall_seconds();
}

void StatusFile::lost(sched::AgentId agent) {
  auto found = agents_.find(agent);
  if (found == agents_.end()) return;
  former_[agent] = {{"host", found->second["host"]}, {"gpus", found->second["gpus"]}};
  agents_.erase(found);
}

void StatusFile::quarantined(sched::AgentId agent, double until) {
  if (auto found = agents_.find(agent); found != agents_.end()) found->second["quarantined_until"] = until;
}

void StatusFile::readmitted(sched::AgentId agent) {
  if (auto found = agents_.find(agent); found != agents_.end()) found->second.erase("quarantined_until");
}

// Each slot has one device at most: no agent has more of them in quarantine, whatever it says.
void StatusFile::quarantined(sched::AgentId agent, const std::string& device, double until) {
  auto found = agents_.find(agent);
  if (found == agents_.end()) return;
  Value& devices = found->second["quarantined_devices"];
  if (devices.size() < found->second["slots"].get<std::size_t>() || devices.contains(device)) devices[device] = until;
}

void StatusFile::readmitted(sched::AgentId agent, const std::string& device) {
  if (auto found = agents_.find(agent); found != agents_.end() && found->second.contains("quarantined_devices"))
    found->second["quarantined_devices"].erase(device);
}

void StatusFile::started(sched::Attempt attempt, const std::vector<sched::Part>& parts) {
  std::uint32_t width = 0;
  std::string hosts;
  Value slots = Value::array();
  for (const sched::Part& part : parts) {
    auto host = agents_.find(part.agent);
    std::string name = host == agents_.end() ? "?" : host->second["host"].get<std::string>();
    hosts += (hosts.empty() ? "" : ", ") + name;
    width += part.slots;
    slots.push_back({{"agent", part.agent}, {"slots", part.slots}});
  }
  running_[attempt] = {{"attempt", attempt.number}, {"width", width}, {"agent", parts.front().agent},
                       {"parts", std::move(slots)}, {"host", hosts},  {"since", wall_seconds()}};
}

void StatusFile::progressed(sched::Attempt attempt, const Value& event) {
  auto found = running_.find(attempt);
  if (found == running_.end()) return;
  for (const char* key : {"epoch", "epochs", "step", "steps", "memory", "device_memory", "device_peak"})
    if (auto value = event.find(key); value != event.end() && value->is_number()) found->second[key] = *value;
  // Steps a second, from the first step that was reported: a stage may have resumed from a checkpoint.
  if (auto step = found->second.find("step"); step != found->second.end()) {
    auto [first, fresh] = first_.try_emplace(attempt, wall_seconds(), step->get<double>());
    double passed = wall_seconds() - first->second.first, made = step->get<double>() - first->second.second;
    if (!fresh && passed > 0 && made > 0) found->second["rate"] = made / passed;
  }
  if (auto phase = event.find("phase"); phase != event.end() && phase->is_string()) found->second["phase"] = *phase;
  if (auto metrics = event.find("metrics"); metrics != event.end() && metrics->is_object())
    if (auto loss = metrics->find("loss"); loss != metrics->end() && loss->is_number()) found->second["loss"] = *loss;
}

void StatusFile::ended(sched::Attempt attempt) {
  running_.erase(attempt);
  first_.erase(attempt);
}

void StatusFile::failed(sched::Attempt attempt, sched::FailureClass why, const std::string& text, bool final) {
  Value failure = {{"label", work_.label(attempt.stage)},
                   {"identity", work_.identities[attempt.stage].hex()},
                   {"sweeps", sweeps_of(attempt.stage)},
                   {"class", to_string(why)},
                   {"text", text.substr(0, text.find('\n'))},
                   {"final", final},
                   {"time", wall_seconds()}};
  if (!final) return keep_retry(std::move(failure));
  failed_[attempt.stage] = std::move(failure);
  if (failed_.size() <= kFailed) return;
  failed_.erase(
      std::ranges::min_element(failed_, {}, [](const auto& one) { return one.second["time"].template get<double>(); }));
  ++failures_left_out_;
}

void StatusFile::revived(sched::StageId stage) {
  auto found = failed_.find(stage);
  if (found == failed_.end()) {
    if (failures_left_out_ > 0) --failures_left_out_;
    return;
  }
  found->second["final"] = false;
  keep_retry(std::move(found->second));
  failed_.erase(found);
}

void StatusFile::keep_retry(Value failure) {
  retries_.push_back(std::move(failure));
  if (retries_.size() > kRetries) retries_.pop_front();
}

double StatusFile::slots() const {
  double slots = 0;
  for (const auto& [id, agent] : agents_) slots += agent["slots"].get<double>();
  return slots;
}

std::vector<Running> StatusFile::running() const {
  std::vector<Running> result;
  for (const auto& [attempt, shown] : running_) {
    Running stage{work_.graph.classes[attempt.stage], wall_seconds() - shown["since"].get<double>(), std::nullopt};
    // A stage that went on from a checkpoint made its first steps in another attempt: they are no measure of this one.
    auto first = first_.find(attempt);
    double begun = first == first_.end() ? 0 : first->second.second, steps = shown.value("steps", 0.0);
    if (shown.contains("step") && steps > 0 && begun <= 0.05 * steps) stage.share = shown["step"].get<double>() / steps;
    result.push_back(stage);
  }
  return result;
}

Value StatusFile::sweeps_of(sched::StageId stage) const {
  Value names = Value::array();
  progress_.for_each_of(stage, [&](std::size_t sweep) { names.push_back(work_.sweeps[sweep].name); });
  return names;
}

Value StatusFile::sweeps() const {
  std::vector<std::size_t> running(progress_.counts().size());
  for (const auto& [attempt, shown] : running_)
    progress_.for_each_of(attempt.stage, [&](std::size_t sweep) { ++running[sweep]; });
  Value result = Value::array();
  for (std::size_t i = 0; i < running.size(); ++i) {
    const SweepCounts& now = progress_.counts()[i];
    if (now.replaced) continue;
    result.push_back({{"sweep", now.name},
                      {"stages", now.stages},
                      {"before", progress_.before()[i].done},
                      {"complete", now.complete()},
                      {"counts",
                       {{"done", now.done},
                        {"failed", now.failed},
                        {"blocked", now.blocked},
                        {"cancelled", now.withdrawn},
                        {"open", now.open},
                        {"running", running[i]}}}});
  }
  return result;
}

void StatusFile::write(const sched::Scheduler::Counts& counts, const std::vector<sched::Scheduler::Outlook>& outlook,
                       const sched::Scheduler::Waiting& waiting, bool ended) {
  Value status = {{"sweep", work_.name},    {"stages", work_.identities.size()},
                  {"before", before_},      {"started", begun_},
                  {"time", wall_seconds()}, {"host", host_name()},
                  {"ended", ended}};
  left_ = time_left(outlook, work_.sizes, running(), slots());
  if (left_)
    status["left"] = {
        {"seconds", left_->seconds}, {"slots", slots()}, {"kinds", left_->kinds}, {"guessed", left_->guessed}};
  status["counts"] = {{"done", counts.done},           {"failed", counts.failed}, {"blocked", counts.blocked},
                      {"cancelled", counts.withdrawn}, {"open", counts.open},     {"running", counts.running}};
  status["waiting"] = to_json(waiting);
  status["sweeps"] = sweeps();
  status["agents"] = Value::array();
  for (const auto& [id, agent] : agents_) {
    Value entry = agent;
    std::uint32_t busy = 0;
    for (const auto& [attempt, running] : running_)
      for (const Value& part : running["parts"])
        if (part["agent"] == id) busy += part["slots"].get<std::uint32_t>();
    entry["running"] = busy;
    status["agents"].push_back(std::move(entry));
  }
  status["former"] = Value::array();
  for (const auto& [id, agent] : former_) status["former"].push_back(agent);
  status["running"] = Value::array();
  for (const auto& [attempt, running] : running_) {
    Value entry = running;
    entry["label"] = work_.label(attempt.stage);
    entry["sweeps"] = sweeps_of(attempt.stage);
    entry["identity"] = work_.identities[attempt.stage].hex();
    status["running"].push_back(std::move(entry));
  }
  std::vector<Value> failures(retries_.begin(), retries_.end());
  for (const auto& [stage, failure] : failed_) failures.push_back(failure);
  std::ranges::stable_sort(failures, {}, [](const Value& failure) { return failure["time"].get<double>(); });
  status["failures"] = std::move(failures);
  status["failures_left_out"] = failures_left_out_;
  try {
    write_atomically(
        path_,
        [&](const Path& part) {
          std::ofstream file(part, std::ios::binary);
          file << status.dump(-1, ' ', false, Value::error_handler_t::replace) << "\n";
          if (!file.flush()) throw DeviceError(fmt::format("cannot write {}", part.string()));
        },
        Existing::replace, Durable::no);
  } catch (const Error&) {  // the next one may succeed; a run does not end for want of a status
  }
}

namespace {

bool is_number(const Value& object, const char* key) { return object.contains(key) && object[key].is_number(); }

bool is_status(Value& status) {
  if (!status.is_object() || !status.contains("sweep") || !status["sweep"].is_string() || !is_number(status, "time") ||
      !is_number(status, "started") || !status.contains("ended") || !status["ended"].is_boolean() ||
      !status.contains("counts") || !status["counts"].is_object())
    return false;
  for (const char* count : {"done", "failed", "blocked", "open", "running"})
    if (!is_number(status["counts"], count)) return false;
  for (const char* newer : {"sweeps", "former"})
    if (!status.contains(newer)) status[newer] = Value::array();  // of an older run
  for (const char* list : {"agents", "running", "failures", "sweeps", "former"})
    if (!status.contains(list) || !status[list].is_array() ||
        !std::ranges::all_of(status[list], [](const Value& entry) { return entry.is_object(); }))
      return false;
  return std::ranges::all_of(
      status["sweeps"], [](const Value& sweep) { return sweep.contains("counts") && sweep["counts"].is_object(); });
}

Value parsed(const Path& path) {
  Value status;
  try {
    status = read_json(path);
  } catch (const DataError&) {  // of whatever it is, the same is to be done
  }
  if (!is_status(status))
    throw DataError(fmt::format("{} is no status of a run: remove it; the next run writes a new one", path.string()));
  return status;
}

}  // namespace

std::optional<Value> read_status(const Path& store) {
  Path path = path_of(store);
  if (!std::filesystem::exists(path)) return std::nullopt;
  Value status = parsed(path);
  bool lives = StoreLease::held(store);
  if (!lives) status = parsed(path);  // its last word may have come between the two looks
  status["state"] = status["ended"] ? "ended" : lives ? "running" : "died";
  return status;
}

}  // namespace winnow::fleet
