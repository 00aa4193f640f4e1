#include "run_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "spoken_duration.h"
#include "sweep_options.h"
#include "table_rows.h"
#include "utc_time.h"
#include "winnow/core/counted.h"
#include "winnow/core/host.h"
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

std::string in_a_line(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 20;
  std::string line = fmt::format("{}", fmt::join(names.begin(), names.begin() + std::min(names.size(), kMost), ", "));
  return names.size() > kMost ? line + fmt::format(" and {} more", names.size() - kMost) : line;
}

// Stages of a sweep that have results now: those that had some, and what was executed for it.
std::size_t done_now(const UnitedPlans& plans, std::size_t sweep, const fleet::SweepCounts& now) {
  const std::vector<bool>& needed = plans.needed_by(sweep);
  auto to_run = static_cast<std::size_t>(std::count(needed.begin(), needed.end(), true));
  return plans.done_of(sweep) + to_run - now.failed - now.blocked - now.open - now.withdrawn;
}

// What had results before, and what was executed.
std::size_t done_now(const UnitedPlans& plans, const fleet::Work& work, const fleet::Outcome& outcome) {
  return with_results(plans, work) + outcome.counts.done - (work.graph.done.size() - to_run(work));
}

}  // namespace

std::size_t with_results(const UnitedPlans& plans, const fleet::Work& work) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < plans.stages().size(); ++i) count += plans.stages()[i].done && work.graph.done[i];
  return count;
}

std::size_t to_run(const fleet::Work& work) {
  return static_cast<std::size_t>(std::count(work.graph.done.begin(), work.graph.done.end(), false));
}

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

void print_deadline(double seconds) {
  double left = seconds - wall_seconds();
  put(fmt::format("deadline {}, in {}: whole rows first\n", utc_time(seconds), spoken_duration(left)));
}

void print_rows(const UnitedPlans& plans, const store::Store& store) {
  for (std::size_t p = 0; p < plans.plans().size(); ++p) {
    if (plans.retired(p)) continue;
    const sweep::Plan& plan = plans.plans()[p];
    const TableRows rows = table_rows(plan);
    std::vector<std::string> complete;
    for (std::uint32_t row = 0; row < rows.count; ++row)
      if (std::ranges::all_of(rows.cells[row], [&](std::uint32_t cell) {
            return store.find(plan.nodes()[cell].identity, /*verify=*/false).has_value();
          }))
        complete.push_back(rows.names[row]);
    put(fmt::format("{}: {} of {} complete{}{}\n", plan.name(), complete.size(), counted(rows.count, "row"),
                    complete.empty() ? "" : ": ", in_a_line(complete)));
  }
}

void print_outcome(const RunSummary& summary, const UnitedPlans& plans, const fleet::Outcome& outcome) {
  const auto& counts = outcome.counts;
  const std::size_t done = done_now(plans, summary.work, outcome);
  std::string names;
  for (const fleet::SweepCounts& sweep : outcome.sweeps)
    if (!sweep.replaced) names += (names.empty() ? "" : ", ") + sweep.name;
  if (summary.json) {
    Value sweeps = Value::array();
    for (std::size_t i = 0; i < outcome.sweeps.size(); ++i) {
      const fleet::SweepCounts& own = outcome.sweeps[i];
      if (own.replaced) continue;
      sweeps.push_back({{"sweep", own.name},
                        {"file", summary.work.sweeps[i].file},
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
                    {"stages", plans.distinct()},
                    {"done", done},
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
      if (own.replaced) continue;
      put(fmt::format("{} is {}: {}\n", own.name, own.complete() ? "complete" : "not complete",
                      in_words(done_now(plans, i, own), own.stages, own)));
    }
  std::string line = in_words(done, plans.distinct(),
                              {"", 0, counts.done, counts.failed, counts.blocked, counts.open, counts.withdrawn});
  if (outcome.sweeps.size() > 1) line = "together " + line;
  if (outcome.cancelled) line += "; cancelled, what ran has saved its place";
  else if (outcome.late) line += "; the deadline came, what ran has saved its place";
  else if (summary.max_failures && counts.failed >= summary.max_failures && counts.open)
    line += fmt::format("; ended by --max-failures {}, run it again to go on", summary.max_failures);
  else if (outcome.drained) line += "; stopped on request, run it again to resume";
  put(fmt::format("{}; run files are in {}\n", line, (Path(summary.store) / "runs").string()));
}

}  // namespace winnow::cmd
