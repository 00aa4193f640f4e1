#include "winnow/fleet/trial.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>

#include "trainer_events.h"
#include "trainer_process.h"
#include "winnow/core/error.h"
#include "winnow/sched/timers.h"

namespace winnow::fleet {

namespace {

using Clock = std::chrono::steady_clock;

const Clock::duration kStart = sched::Timers{}.trainer_start;  // for `ready`
constexpr auto kSilence = std::chrono::minutes(30);  // a first piece of an evaluation on a slow machine takes minutes

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string line_of(const TrialOrder& order) {
  protocol::Context context{.threads = order.threads, .trial = true};
  for (const auto& [name, path] : order.data) context.data[name] = path.string();
  for (const auto& [name, path] : order.inputs) context.inputs[name] = path.string();
  return protocol::line_of(
      protocol::Run{order.identity, 1, order.stage.dump(), to_json(context).dump(), order.output.string(), ""});
}

TrainerCommand command_of(const TrialOrder& order) {
  TrainerCommand command{order.trainer, order.threads, 1, {}};
  if (!order.gpu.empty()) command.use_gpus(order.gpu, order.own_trainer);
  return command;
}

class Listening {
 public:
  Listening(const TrialOrder& order, const std::function<void(const Value&)>& heard)
      : order_(order), heard_(heard), trainer_(start_trainer(command_of(order))) {}

  TrialEnd run(const std::function<bool()>& stop) {
    for (auto last = Clock::now(); !over_;) {
      if (stop()) {
        end_.stopped = true;
        break;
      }
      wait();
      std::vector<std::string> lines = trainer_->lines();
      trainer_->listen_to_errors();
      for (const std::string& line : lines) on_line(line);
      if (!lines.empty()) last = Clock::now();
      if (over_) break;
      if (!trainer_->fault().empty()) fail("transient", trainer_->fault());
      else if (trainer_->reap()) fail_with_ending();
      else if (Clock::now() - last > (ready_ ? Clock::duration(kSilence) : kStart))
        fail("transient",
             ready_ ? "the trainer has said nothing for 30 minutes" : "the trainer is not ready after 120 s");
    }
    trainer_->kill();
    end_.log = trainer_->last_lines();
    return std::move(end_);
  }

 private:
  void wait() {
    pollfd ready[] = {
        {trainer_->output(), POLLIN, 0}, {trainer_->errors(), POLLIN, 0}, {trainer_->input(), POLLOUT, 0}};
    bool open = trainer_->output() >= 0;
    ::poll(ready, trainer_->unsent() ? 3 : 2, open ? 200 : 50);
    trainer_->flush();
  }

  void on_line(const std::string& line) {
    if (over_) return;
    std::optional<TrainerEvent> event = parse_event(line);
    if (!event)
      return fail("transient", fmt::format("the trainer wrote something that is no event: {}", beginning_of(line)));
    if (heard_) heard_(event->content);
    const Value& content = event->content;
    switch (event->kind) {
      case TrainerEvent::Kind::ready: ready_ = true; return trainer_->send(line_of(order_));
      case TrainerEvent::Kind::progress:
        take_largest(content, "memory", end_.memory);
        take_largest(content, "device_peak", end_.device_memory);
        return;
      case TrainerEvent::Kind::failed:
        return fail(std::string(sched::to_string(failure_class_of(*event))),
                    content.value("message", Value("it does not say why")).dump());
      case TrainerEvent::Kind::done: return finish(content);
      default: return;
    }
  }

  static void take_largest(const Value& event, const char* key, std::int64_t& most) {
    if (auto bytes = event.find(key); bytes != event.end() && bytes->is_number_integer())
      most = std::max(most, bytes->get<std::int64_t>());
  }

  void finish(const Value& done) {
    auto trial = done.find("trial");
    if (trial == done.end() || !trial->is_object())
      return fail(
          "user",
          "this trainer does not know trials: it executed the whole stage (src/fleet/README.md, context.trial)");
    over_ = true;
    end_.measured = *trial;
    take_largest(*trial, "memory", end_.memory);
    take_largest(done, "device_memory", end_.device_memory);
  }

  void fail_with_ending() {
    bool killed = trainer_->ending().find("signal 9") != std::string::npos;
    std::string last = trainer_->last_lines();
    while (!last.empty() && last.back() == '\n') last.pop_back();
    last = last.substr(last.rfind('\n') + 1);
    std::string held = end_.memory > 0 ? fmt::format(" after it held {} MB", end_.memory >> 20) : "";
    fail(killed ? "memory" : "transient",
         killed ? fmt::format("the trainer {}{}: most likely there was not enough memory", trainer_->ending(), held)
                : fmt::format("the trainer {}{}", trainer_->ending(), last.empty() ? "" : ": " + last));
  }

  void fail(const std::string& failure_class, std::string why) {
    if (Value text = Value::parse(why, nullptr, false); text.is_string()) why = text.get<std::string>();
    over_ = true;
    end_.failure_class = failure_class;
    end_.failure = first_line(why);
  }

  const TrialOrder& order_;
  const std::function<void(const Value&)>& heard_;
  std::unique_ptr<ChildProcess> trainer_;
  bool ready_ = false, over_ = false;
  TrialEnd end_;
};

}  // namespace

TrialEnd try_stage(const TrialOrder& order, const std::function<bool()>& stop,
                   const std::function<void(const Value&)>& heard) {
  return Listening(order, heard).run(stop);
}

}  // namespace winnow::fleet
