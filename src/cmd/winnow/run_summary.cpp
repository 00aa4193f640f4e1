#include "run_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "sweep_options.h"
#include "winnow/core/counted.h"
#include "winnow/core/printable.h"

namespace winnow::cmd {

namespace {

// Not fmt::print, which throws when the reader is gone: a run ends as its stages did.
void put(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

// "12 of 13 stages done, 1 failed"
std::string in_words(std::size_t done, std::size_t stages, const fleet::SweepCounts& counts) {
  std::string line = fmt::format("{} of {} done", done, counted(stages, "stage"));
  if (counts.failed) line += fmt::format(", {} failed", counts.failed);
  if (counts.blocked) line += fmt::format(", {} blocked by failed ones", counts.blocked);
  if (counts.withdrawn) line += fmt::format(", {} cancelled", counts.withdrawn);
  if (counts.open) line += fmt::format(", {} not run", counts.open);
  return line;
}

// Stages of a sweep that have results now: those that had some, and what was executed for it.
std::size_t done_now(const UnitedPlans& plans, std::size_t sweep, const fleet::SweepCounts& now) {
  const std::vector<bool>& needed = plans.needed_by(sweep);
  auto to_run = static_cast<std::size_t>(std::count(needed.begin(), needed.end(), true));
  return plans.done_of(sweep) + to_run - now.failed - now.blocked - now.open - now.withdrawn;
}

}  // namespace

void print_beginning(const UnitedPlans& plans, std::size_t before, std::size_t open) {
  bool several = plans.plans().size() > 1;
  for (std::size_t i = 0; i < plans.plans().size(); ++i) {
    const sweep::Plan& plan = plans.plans()[i];
    const std::vector<bool>& needed = plans.needed_by(i);
    put(fmt::format("{}: {}\n{}, {}: {} done, {} to run{}\n", plan.name(), printable(plan.question()),
                    counted(plan.experiments(), "experiment"), counted(plan.nodes().size(), "stage"), plans.done_of(i),
                    std::count(needed.begin(), needed.end(), true),
                    plans.left_out_of(i) ? fmt::format(", {} left to other shards", plans.left_out_of(i)) : ""));
    for (const std::string& note : notes_on(plan))
      put(fmt::format("note: {}{}\n", several ? plan.name() + ": " : "", note));
  }
  if (!several) return;
  auto shared = std::count_if(plans.stages().begin(), plans.stages().end(), [](const auto& s) { return s.plans > 1; });
  put(fmt::format("together {}, {} of them in more than one sweep: {} done, {} to run\n",
                  counted(plans.stages().size(), "stage"), shared, before, open));
}

void print_outcome(const RunSummary& summary, const UnitedPlans& plans, const fleet::Outcome& outcome) {
  const auto& counts = outcome.counts;
  std::string names;
  for (const sweep::Plan& plan : plans.plans()) names += (names.empty() ? "" : ", ") + plan.name();
  if (summary.json) {
    Value sweeps = Value::array();
    for (std::size_t i = 0; i < outcome.sweeps.size(); ++i) {
      const fleet::SweepCounts& own = outcome.sweeps[i];
      sweeps.push_back({{"sweep", own.name},
                        {"file", summary.files[i]},
                        {"complete", own.complete()},
                        {"stages", own.stages},
                        {"done", done_now(plans, i, own)},
                        {"failed", own.failed},
                        {"blocked", own.blocked},
                        {"cancelled", own.withdrawn},
                        {"open", own.open}});
    }
    Value result = {{"sweep", names},
                    {"code", summary.code},
                    {"stages", plans.stages().size()},
                    {"done", summary.done},
                    {"failed", counts.failed},
                    {"blocked", counts.blocked},
                    {"cancelled", counts.withdrawn},
                    {"open", counts.open},
                    {"drained", outcome.drained},
                    {"store", summary.store},
                    {"failures", summary.failures},
                    {"sweeps", sweeps}};
    put(result.dump(2) + "\n");
    return;
  }
  if (outcome.sweeps.size() > 1)
    for (std::size_t i = 0; i < outcome.sweeps.size(); ++i) {
      const fleet::SweepCounts& own = outcome.sweeps[i];
      put(fmt::format("{} is {}: {}\n", own.name, own.complete() ? "complete" : "not complete",
                      in_words(done_now(plans, i, own), own.stages, own)));
    }
  std::string line = in_words(summary.done, plans.stages().size(),
                              {"", 0, counts.done, counts.failed, counts.blocked, counts.open, counts.withdrawn});
  if (outcome.sweeps.size() > 1) line = "together " + line;
  if (outcome.cancelled) line += "; cancelled, what ran has saved its place";
  else if (outcome.drained) line += "; stopped on request, run it again to resume";
  put(fmt::format("{}; run files are in {}\n", line, (Path(summary.store) / "runs").string()));
}

}  // namespace winnow::cmd
