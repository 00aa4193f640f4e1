#include "agent_loop.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <thread>

#include "clock.h"
#include "lease.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/revision.h"

namespace winnow::fleet {

namespace {

Descriptor watch_children() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  check_call(::sigprocmask(SIG_BLOCK, &set, nullptr), "block SIGCHLD");
  return Descriptor(check_call(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "watch for ended trainers"));
}

}  // namespace

AgentLoop::AgentLoop(const Options& options, Descriptor coordinator)
    : options_(options), coordinator_(std::move(coordinator)), children_(watch_children()) {
  make_nonblocking(coordinator_.get());
}

// Without the coordinator results are not counted: trainers end with their places, the worker finishes what it was
// given.
void AgentLoop::run() {
  while (!finished_ && connected_) {
    wait();
    hear_coordinator();
    if (!machine_) continue;
    reap_trainers();
    for (sched::Slot slot = 0; slot < slots_.size(); ++slot) hear_trainer(slot);
    pass_on_calls();
    hear_worker();
    look_at_gpus();
    start_waiting();
    post(sched::Agent::Tick{});
    flush();
  }
  slots_.clear();
  while (connected_ && !to_send_.empty()) {
    pollfd fd{coordinator_.get(), POLLOUT, 0};
    if (::poll(&fd, 1, 1000) <= 0) break;
    flush();
  }
}

void AgentLoop::wait() {
  std::vector<pollfd> fds{{coordinator_.get(), static_cast<short>(POLLIN | (to_send_.empty() ? 0 : POLLOUT)), 0},
                          {children_.get(), POLLIN, 0}};
  if (worker_) fds.push_back({worker_->signal(), POLLIN, 0});
  for (const SlotState& state : slots_) {
    if (!state.trainer) continue;
    if (!state.deaf) fds.push_back({state.trainer->output(), POLLIN, 0});
    fds.push_back({state.trainer->errors(), POLLIN, 0});
    if (state.trainer->unsent()) fds.push_back({state.trainer->input(), POLLOUT, 0});
  }
  int tick = static_cast<int>(std::clamp(seconds(options_.timers.beat) * 1000 / 8, 5.0, 250.0));
  ::poll(fds.data(), fds.size(), tick);
}

void AgentLoop::hear_coordinator() {
  std::string bytes;
  connected_ = read_available(coordinator_.get(), bytes, 1 << 20);
  heard_.add(bytes);
  Message message;
  while (!finished_ && heard_.next(message)) on_message(message);
}

void AgentLoop::on_message(const Message& message) {
  if (message.kind == Message::Kind::welcome) {
    if (welcome(message)) return;
    flush();
    finished_ = true;
    return;
  }
  if (!machine_) return;
  post(sched::Agent::Heard{});
  switch (message.kind) {
    case Message::Kind::assign: {
      const Value detail = Value::parse(message.detail);
      auto slots = std::max(1u, static_cast<std::uint32_t>(message.number));
      bool part = detail.contains("width");
      if ((slots > 1 || part) && devices_.partitioned())
        return send(
            {.kind = Message::Kind::failed,
             .attempt = message.attempt,
             .text = std::string(to_string(sched::FailureClass::user)),
             .detail = fmt::format("host {}: its GPUs are partitioned (MIG): CUDA shows a process one instance, so no "
                                   "gang can have several; lower `width`",
                                   host_name())});
      tasks_[message.attempt] = {.attempt = message.attempt,
                                 .stage_text = message.text,
                                 .width = part ? detail["width"].get<std::uint32_t>() : slots,
                                 .part = part,
                                 .out_of_memory = detail["out_of_memory"]};
      return post(sched::Agent::Given{
          message.attempt, slots, {.bytes = message.memory, .alone = tasks_[message.attempt].out_of_memory > 0}, part});
    }
    case Message::Kind::begin: {
      auto task = tasks_.find(message.attempt);
      if (task == tasks_.end()) return;  // given back meanwhile
      for (const Value& part : Value::parse(message.text)) {
        task->second.parts.push_back(part["slots"]);
        task->second.hosts.push_back(part["host"]);
      }
      return post(sched::Agent::Begin{message.attempt});
    }
    case Message::Kind::call: {
      auto task = tasks_.find(message.attempt);
      if (task == tasks_.end()) return;
      task->second.call = message.text;
      task->second.callers = message.detail;
      return post(sched::Agent::Called{message.attempt});
    }
    case Message::Kind::release: tasks_.erase(message.attempt); return post(sched::Agent::Released{message.attempt});
    case Message::Kind::sources: return take_sources(message.detail);
    case Message::Kind::retract: return post(sched::Agent::Retracted{message.attempt});
    case Message::Kind::cancel: return post(sched::Agent::Cancelled{message.attempt});
    case Message::Kind::drain:
      return post(
          sched::Agent::Drain{std::chrono::duration_cast<sched::Time>(std::chrono::duration<double>(message.number))});
    default: return;
  }
}

// A results folder is shared or it is not: every agent must read what the coordinator wrote there.
bool AgentLoop::welcome(const Message& message) {
  std::string token;
  for (int attempt = 0; attempt < 15 && token != message.text; ++attempt) {
    if (attempt) std::this_thread::sleep_for(std::chrono::milliseconds(200));  // a network file system may be late
    token = StoreLease::token_in(options_.store);
  }
  if (token != message.text) {
    send(
        {.kind = Message::Kind::refused,
         .text = fmt::format(
             "host {} does not see the coordinator's results folder at {}: use a folder that all nodes share (--store)",
             host_name(), std::filesystem::absolute(options_.store).string())});
    return false;
  }
  try {
    take_devices();
  } catch (const UsageError& error) {
    send({.kind = Message::Kind::refused, .text = error.what()});
    return false;
  }
  worker_ = std::make_unique<Worker>(options_);
  take_sources(message.detail);
  machine_.emplace(devices_.slots, options_.timers, now(), shared_devices());
  send({.kind = Message::Kind::joined,
        .number = static_cast<double>(devices_.slots),
        .text = host_name(),
        .detail = Value({{"pid", ::getpid()}, {"revision", revision()}, {"gpus", to_json(watch_->seen())}}).dump()});
  for (const std::string& warning : devices_.warnings)
    send({.kind = Message::Kind::note, .text = fmt::format("host {}: {}", host_name(), warning)});
  return true;
}

void AgentLoop::take_sources(const std::string& json) {
  std::map<std::string, DataSource> datasets;
  const Value sources = Value::parse(json);
  for (const auto& [name, source] : sources.items())
    datasets[name] = {source.at("preset"), source.at("source"), source.at("digest")};
  worker_->expect(std::move(datasets));
}

void AgentLoop::hear_worker() {
  for (const std::string& line : worker_->notes()) send({.kind = Message::Kind::note, .text = line});
  for (Report& report : worker_->reports()) {
    sched::Attempt attempt = report.attempt;
    if (report.prepared) {
      tasks_[attempt] = std::move(*report.prepared);
      post(sched::Agent::Prepared{attempt});
    } else if (report.committed) {
      post(sched::Agent::Committed{attempt, std::move(*report.committed)});
    } else if (report.of == Report::Of::preparing) {
      post(sched::Agent::Unprepared{attempt, report.why, std::move(report.text)});
    } else {
      post(sched::Agent::Uncommitted{attempt, report.why, std::move(report.text)});
    }
  }
}

void AgentLoop::post(sched::Agent::Event event) {
  events_.push_back(std::move(event));
  if (std::exchange(handling_, true)) return;  // carrying out a command makes things happen, too
  while (!events_.empty()) {
    sched::Agent::Event next = std::move(events_.front());
    events_.pop_front();
    sched::Agent::Commands commands;
    machine_->on(next, now(), commands);
    for (const auto& command : commands) std::visit([&](const auto& c) { execute(c); }, command);
  }
  handling_ = false;
}

void AgentLoop::send(const Message& message) { message.append_to(to_send_); }

void AgentLoop::flush() {
  if (connected_ && !to_send_.empty()) connected_ = write_available(coordinator_.get(), to_send_);
}

}  // namespace winnow::fleet
