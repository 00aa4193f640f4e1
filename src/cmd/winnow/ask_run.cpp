#include "ask_run.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "winnow/core/error.h"
#include "winnow/core/settings.h"

namespace winnow::cmd {

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;  // the coordinator looks twice a second; a network file system may show it late

}  // namespace

void ask_run(const Path& store, const fleet::Request& request, bool json) {
  fleet::Asked asked(store, request);
  for (auto waited = 0ms; waited < kPatience; waited += 100ms) {
    if (auto answer = asked.answer()) {
      if (answer->refused) throw UsageError(answer->text);
      if (json) fmt::print("{}\n", Value({{"answer", answer->text}}).dump(2));
      else fmt::print("{}\n", answer->text);
      return;
    }
    std::this_thread::sleep_for(100ms);
  }
  throw DeviceError(fmt::format("the run on {} does not answer; `winnow status {}` shows whether it lives",
                                store.string(), store.string()));
}

}  // namespace winnow::cmd
