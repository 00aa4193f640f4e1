#include "further_sweep.h"

#include <fmt/format.h>

#include <memory>
#include <unordered_set>
#include <utility>

#include "known_sweep.h"
#include "sweep_options.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/same_file.h"
#include "winnow/store/listed_runs.h"

namespace winnow::cmd {

namespace {

struct Planned {
  Planned(const SweepOptions& options, const store::Store& store)
      : options(options), catalogues{options.catalogue()},
        plans(planned(options), [results = store::ListedRuns(store)](
                                    const Identity& identity) mutable { return results.find(identity).has_value(); }),
        work(plans, {options.file}, catalogues) {
    for (const UnitedPlans::Member& stage : plans.stages())
      if (stage.done) done.insert(stage.identity);
  }
  static std::vector<sweep::Plan> planned(const SweepOptions& options) {
    std::vector<sweep::Plan> one;
    one.push_back(options.plan_to_run());
    return one;
  }

  SweepOptions options;
  std::vector<sweep::Catalogue> catalogues;
  UnitedPlans plans;
  FleetWork work;
  std::unordered_set<Identity> done;
};

// The place of its earlier version in the run.
std::optional<std::size_t> earlier_version(const fleet::Work& work, const std::string& name, const std::string& file) {
  for (std::size_t i = 0; i < work.sweeps.size(); ++i) {
    const fleet::Wanted& there = work.sweeps[i];
    if (there.replaced || there.name != name) continue;
    if (!same_file(there.file, file))
      throw UsageError(
          fmt::format("{} is called '{}', as {} is, which this run works on: give it a name of its own (its entry "
                      "`name`)",
                      file, name, there.file));
    return i;
  }
  return std::nullopt;
}

fleet::Addition enlarged(Planned& planned, RunParts& run, bool first, const fleet::StateOf& state) {
  using State = sched::Scheduler::State;
  using Stand = UnitedPlans::Stand;
  const std::string name = planned.plans.plans()[0].name();
  std::optional<std::size_t> replaces = earlier_version(run.work.work(), name, planned.options.file);
  run.work.require_alike(planned.work);
  run.plans.add(
      std::move(planned.plans).only(), [&](const Identity& identity) { return planned.done.count(identity) > 0; },
      [&](std::uint32_t stage) {
        State now = state(stage);
        if (now == State::done) return run.work.work().graph.done[stage] ? Stand::gone : Stand::done;
        return now == State::withdrawn ? Stand::gone : Stand::open;
      });
  fleet::Addition addition = run.work.extend(planned.work, first, replaces);
  if (replaces) run.plans.retire(*replaces);
  remember(run.store.root(), planned.options, run.plans.plans()[addition.sweep]);
  return addition;
}

}  // namespace

std::function<fleet::Enlarge(const fleet::FurtherSweep&)> further_sweeps(RunParts parts) {
  auto run = std::make_shared<RunParts>(std::move(parts));
  return [run](const fleet::FurtherSweep& asked) -> fleet::Enlarge {
    if (std::error_code unknown; !std::filesystem::exists(asked.file, unknown))
      throw UsageError(
          fmt::format("{}: there is no such file on {}, where the run's coordinator is", asked.file, host_name()));
    auto planned = std::make_shared<Planned>(SweepOptions{asked.file, asked.sets, {asked.presets}}, run->store);
    run->require(planned->plans, planned->work.work(), planned->catalogues);
    return [run, planned, first = asked.first](const fleet::StateOf& state) {
      return enlarged(*planned, *run, first, state);
    };
  };
}

}  // namespace winnow::cmd
