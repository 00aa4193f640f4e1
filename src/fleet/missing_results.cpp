#include "missing_results.h"

#include <thread>

#include "winnow/core/error.h"
#include "winnow/store/listed_runs.h"

namespace winnow::fleet {

namespace {

bool is_there(const store::Store& store, store::ListedRuns& listed, const Identity& identity) {
  try {
    if (listed.find(identity, /*verify=*/false)) return true;
  } catch (const DeviceError&) {  // a folder that cannot be listed may still be asked
  }
  return store.find(identity, /*verify=*/false).has_value();
}

}  // namespace

std::vector<sched::StageId> missing_results(const Path& store, const sched::Scheduler& scheduler,
                                            const sched::Graph& planned, const std::vector<Identity>& identities,
                                            sched::Time patience) {
  std::vector<sched::StageId> missing;
  for (sched::StageId stage = 0; stage < identities.size(); ++stage)
    if (!planned.done[stage] && scheduler.state_of(stage) == sched::Scheduler::State::done) missing.push_back(stage);
  const store::Store results(store);
  constexpr std::chrono::milliseconds kPause(500);
  for (;; patience -= kPause) {
    if (missing.empty()) return missing;
    store::ListedRuns listed(results);
    std::erase_if(missing, [&](sched::StageId stage) { return is_there(results, listed, identities[stage]); });
    if (patience < kPause) return missing;
    if (!missing.empty()) std::this_thread::sleep_for(kPause);
  }
}

}  // namespace winnow::fleet
