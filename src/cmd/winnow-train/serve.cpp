// winnow-train serve: a trainer. Commands as JSON lines on standard input, events on standard output.
// src/fleet/README.md. Under mpirun the processes are one trainer: process 0 speaks, the others receive its commands.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <optional>

#include "arguments.h"
#include "as_gang.h"
#include "commands.h"
#include "one_stage.h"
#include "outcome.h"
#include "program_place.h"
#include "winnow/comm/join_gang.h"
#include "winnow/core/error.h"
#include "winnow/core/revision.h"
#include "winnow/device/memory.h"
#include "winnow/device/out_of_memory.h"
#include "winnow/stage/shared_code.h"
#include "winnow/stage/trainer_protocol.h"

namespace winnow::cmd {

namespace {

using protocol::Event;
using protocol::Order;

Order order_of(const Value& command) { return protocol::orders().parse(command["do"].get<std::string>()); }

// Standard output belongs to the protocol alone: whatever a library prints goes to standard error instead.
class Lines {
 public:
  Lines() {
    out_ = ::fcntl(1, F_DUPFD_CLOEXEC, 3);
    if (out_ < 0 || ::dup2(2, 1) < 0)
      throw DeviceError(fmt::format("cannot set up the event pipe: {}", std::strerror(errno)));
  }
  ~Lines() { ::close(out_); }

  void send(const Value& event) {
    std::string line = event.dump(-1, ' ', false, Value::error_handler_t::replace) + "\n";
    for (std::size_t done = 0; done < line.size();) {
      ssize_t n = ::write(out_, line.data() + done, line.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw DeviceError(fmt::format("the agent is gone: {}", std::strerror(errno)));
      done += static_cast<std::size_t>(n);
    }
  }

  // The next command; none at the end of input. With `wait` false: none when there is nothing to read, either.
  std::optional<Value> next(bool wait) {
    while (true) {
      if (std::size_t end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        Value command = Value::parse(line, nullptr, false);
        if (!command.is_object() || !command.contains("do") || !command["do"].is_string())
          throw UsageError(fmt::format("not a command: {}", line.substr(0, 80)));
        return command;
      }
      pollfd ready{0, POLLIN, 0};
      if (::poll(&ready, 1, wait ? -1 : 0) <= 0) {
        if (wait && errno == EINTR) continue;
        return std::nullopt;
      }
      char bytes[1 << 16];
      ssize_t n = ::read(0, bytes, sizeof bytes);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        ended_ = true;
        return std::nullopt;
      }
      buffer_.append(bytes, static_cast<std::size_t>(n));
    }
  }
  bool ended() const { return ended_; }

 private:
  int out_ = -1;
  std::string buffer_;
  bool ended_ = false;
};

// Reports once a second, and listens between steps.
class Reporter final : public train::Observer {
 public:
  Reporter(Lines& lines, std::string identity, std::deque<Value>& later, c10::Device device)
      : lines_(lines), identity_(std::move(identity)), later_(later), device_(device) {}

  bool report_wanted(std::int64_t step, std::int64_t steps) override {
    return step == 1 || step == steps || std::chrono::steady_clock::now() - last_ >= std::chrono::seconds(1);
  }
  void progress(const train::Report& report) override {
    last_ = std::chrono::steady_clock::now();
    step_ = report.step;
    Value fields = {{"epoch", report.epoch}, {"epochs", report.epochs},    {"step", report.step},
                    {"steps", report.steps}, {"memory", resident_bytes()}, {"metrics", {{"loss", report.loss}}}};
    if (std::int64_t peak = device::peak_memory(device_); peak > 0)
      fields.update({{"device_memory", device::held_memory(device_)}, {"device_peak", peak}});
    send(Event::progress, fields);
  }

  void resumed(std::int64_t epoch, std::int64_t step) override {
    send(Event::resumed, {{"epoch", epoch}, {"step", step}});
  }
  void checkpointed(std::int64_t step, std::int64_t bytes, double seconds) override {
    send(Event::checkpoint, {{"step", step}, {"bytes", bytes}, {"seconds", seconds}});
  }
  void note(const std::string& text) override { send(Event::note, {{"text", text}}); }

  bool stop_wanted() override {
    while (std::optional<Value> command = lines_.next(/*wait=*/false)) {
      Order order = order_of(*command);
      if (order != Order::run) stop_ = true;
      if (order != Order::stop) later_.push_back(*command);
    }
    return stop_ || lines_.ended();
  }
  std::int64_t step() const { return step_; }

 private:
  void send(Event kind, const Value& fields) {
    Value event = protocol::event(kind, identity_);
    event.update(fields);
    lines_.send(event);
  }

  Lines& lines_;
  std::string identity_;
  std::deque<Value>& later_;
  c10::Device device_;
  std::chrono::steady_clock::time_point last_{};
  std::int64_t step_ = 0;
  bool stop_ = false;
};

std::string out_of_memory(const std::exception& error) {
  std::string_view text = error.what();
  // torch says how much of which GPU, CUDA's libraries which call; and so does a program that is a method.
  if (text.find("CUDA") != text.npos || text.find("STATUS_ALLOC_FAILED") != text.npos ||
      dynamic_cast<const Error*>(&error))
    return one_line(std::string(text));
  return fmt::format("out of memory: this process held {} MB", resident_bytes() >> 20);
}

Value failure(const std::string& identity, const char* type, std::string message) {
  Value event = protocol::event(Event::failed, identity);
  event["class"] = type;
  event["message"] = message.substr(0, message.find('\n'));
  return event;
}

struct Task {
  Stage stage;
  train::Context context;
  std::string output;
};

Task task_of(const Value& command, c10::Device device, int threads, const comm::Collective& gang) {
  if (!command.contains("stage") || !command.contains("output") || !command["output"].is_string())
    throw UsageError("'run' needs stage and output");
  Value described = command["stage"];
  described["identity"] = command.value("identity", "");  // refused if the stage is another
  protocol::Context context = protocol::context_from_json(command.value("context", Value::object()));
  Stage stage = stage_to_execute(described);
  train::Context own = context_of(context, stage, device);
  Task task{std::move(stage), std::move(own), command["output"].get<std::string>()};
  if (threads > 0) task.context.threads = threads;
  task.context.attempt = command.value("attempt", 1);
  task.context.checkpoint = command.value("checkpoint", "");
  if (auto program = described.find("program"); program != described.end()) {
    task.context.program = program_from_json(*program);
    task.context.device = device_for_program(*program, device);
  }
  if (context.width != gang.size())
    throw UsageError(fmt::format("the stage is {} wide, this trainer has {} processes", context.width, gang.size()));
  return task;
}

Value run(const Value& command, Lines& lines, std::deque<Value>& later, c10::Device device, int threads,
          comm::Collective& gang, train::Programs& programs) {
  std::string identity = command.value("identity", "");
  Reporter reporter(lines, identity, later, device);
  try {
    Task task = task_of(command, device, threads, gang);
    task.context.programs = &programs;
    if (task.context.chunk > 0 && !task.context.program)
      reporter.note(
          fmt::format("rows are computed {} at a time: the attempt before ran out of memory", task.context.chunk));
    Finished finished = execute_and_write(task.stage, task.context, task.output, gang, reporter);
    Value done = protocol::event(Event::done, identity);
    done["output"] = task.output;
    done["file_digest"] = finished.written.file_digest.hex();
    done["result_digest"] = finished.written.result_digest.hex();
    if (finished.device_memory > 0) done["device_memory"] = finished.device_memory;
    if (finished.trial) done["trial"] = to_json(*finished.trial);
    return done;
  } catch (const train::Stopped&) {
    Value stopped = protocol::event(Event::stopped, identity);
    stopped["step"] = reporter.step();
    return stopped;
  } catch (const UsageError& error) {
    return failure(identity, "user", error.what());
  } catch (const DataError& error) {
    return failure(identity, "user", error.what());
  } catch (const std::exception& error) {
    if (device::is_out_of_memory(error)) return failure(identity, "memory", out_of_memory(error));
    return failure(identity, "transient", one_line(error.what()));
  }
}

// Process 0 of the gang, or the only one.
int lead(comm::Collective& gang, c10::Device device, int threads) {
  Lines lines;
  Value ready = protocol::event(Event::ready);
  ready.update({{"protocol", protocol::kVersion},
                {"device", device.is_cpu() ? "cpu" : device.str()},
                {"program", protocol::kOwnTrainer},
                {"version", revision()}});
  lines.send(ready);
  std::deque<Value> later;  // commands that came while a stage ran
  train::Programs programs;
  while (true) {
    std::optional<Value> command;
    if (!later.empty()) {
      command = later.front();
      later.pop_front();
    } else {
      command = lines.next(/*wait=*/true);
    }
    if (!command || order_of(*command) == Order::quit) {
      comm::agree(gang, std::string());
      return kDone;
    }
    if (order_of(*command) == Order::stop) continue;  // nothing runs
    comm::agree(gang, command->dump());
    Value event = run(*command, lines, later, device, threads, gang, programs);
    lines.send(event);
    // The others may wait in a collective that this process has left.
    if (event["event"] == protocol::events().name(Event::failed) && gang.size() > 1) comm::abandon_gang(kBroken);
  }
}

// Any other process: whatever ends its stage but a stop ends the gang. It speaks where it alone knows why: process 0
// waits for it in a collective, and the agent would take the end for one that smaller pieces do not help.
int follow(comm::Collective& gang, c10::Device device, int threads) {
  Lines lines;
  train::Observer silent;
  while (true) {
    std::string command = comm::agree(gang, std::string());
    if (command.empty()) return kDone;
    Task task = task_of(Value::parse(command), device, threads, gang);
    try {
      execute_and_write(task.stage, task.context, task.output, gang, silent);
    } catch (const train::Stopped&) {
    } catch (const std::exception& error) {
      if (device::is_out_of_memory(error))
        lines.send(failure(task.stage.identity().hex(), "memory",
                           fmt::format("process {} of {}: {}", gang.rank(), gang.size(), out_of_memory(error))));
      throw;
    }
  }
}

}  // namespace

int serve(int argc, char** argv) {
  std::string device_name = "cpu";
  int threads = 0;
  Command app("serve",
              "A trainer: reads commands on standard input, writes events on standard output, one JSON object a line.",
              "  winnow run sweep.toml --trainer \"winnow-train serve\"\n");
  app.add_option("--device", device_name, "where stages are computed")->capture_default_str();
  app.add_option("--threads", threads, "overrides the context's threads");
  if (!parse(app, argc, argv)) return kDone;

  // Slurm sends them to every process of a job, trainers too. The agent's "stop" follows, and asks for a checkpoint.
  for (int signal : {SIGTERM, SIGUSR1, SIGUSR2}) ::signal(signal, SIG_IGN);

  return as_gang(device_name, [&](comm::Collective& gang, c10::Device device) {
    return gang.rank() == 0 ? lead(gang, device, threads) : follow(gang, device, threads);
  });
}

}  // namespace winnow::cmd
