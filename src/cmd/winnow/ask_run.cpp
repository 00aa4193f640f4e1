#include "ask_run.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

#include "winnow/core/error.h"
#include "winnow/core/settings.h"
#include "winnow/sched/timers.h"

namespace winnow::cmd {

namespace {

using namespace std::chrono_literals;

// The coordinator looks twice a second, and sees late what a network file system shows late. A large sweep takes time
// to plan.
constexpr sched::Time kPatience = sched::Timers{}.stale_names + 25s, kPatienceWithPlans = 1800s;

std::string status_command(const Path& store) { return fmt::format("`winnow status {}`", store.string()); }

}  // namespace

void ask_run(const Path& store, const fleet::Request& request, bool json) {
  const auto patience = request.kind == fleet::Request::Kind::add ? kPatienceWithPlans : kPatience;
  fleet::Asked asked(store, request);
  bool told = false;
  for (auto waited = 0ms; waited < patience; waited += 100ms) {
    if (auto answer = asked.answer()) {
      if (answer->refused) throw UsageError(answer->text);
      if (json) fmt::print("{}\n", Value({{"answer", answer->text}}).dump(2));
      else fmt::print("{}\n", answer->text);
      return;
    }
    if (waited.count() % 1000 == 0 && !asked.run_lives() && !asked.answer())
      throw UsageError(
          fmt::format("the run on {} ended before it was asked: {} shows how", store.string(), status_command(store)));
    if (waited >= 2s && !std::exchange(told, true))
      fmt::print(stderr, "the run {} ...\n", patience == kPatienceWithPlans ? "plans it" : "has not seen it yet");
    std::this_thread::sleep_for(100ms);
  }
  throw DeviceError(
      fmt::format("the run on {} does not answer; {} shows whether it lives", store.string(), status_command(store)));
}

}  // namespace winnow::cmd
