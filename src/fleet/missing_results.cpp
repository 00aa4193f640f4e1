#include "missing_results.h"

#include <string>
#include <thread>
#include <unordered_set>

#include "winnow/store/store.h"

namespace winnow::fleet {

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
    std::unordered_set<std::string> there;
    for (const Path& file : results.runs()) there.insert(file.stem().string());
    // A name that nobody has asked for here is asked of the server, whatever the listing says.
    std::erase_if(missing, [&](sched::StageId stage) {
      return there.count(identities[stage].hex()) > 0 || results.find(identities[stage], /*verify=*/false);
    });
    if (patience < kPause) return missing;
    if (!missing.empty()) std::this_thread::sleep_for(kPause);
  }
}

}  // namespace winnow::fleet
