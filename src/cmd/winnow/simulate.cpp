// winnow simulate: what a run of sweeps would do on a cluster that need not be there.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>

#include "arguments.h"
#include "commands.h"
#include "expected_durations.h"
#include "fleet_work.h"
#include "outcome.h"
#include "place_of_width.h"
#include "shards.h"
#include "spoken_duration.h"
#include "sweep_options.h"
#include "united_plans.h"
#include "winnow/core/counted.h"
#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/core/printable.h"
#include "winnow/report/timeline_page.h"
#include "winnow/simulate/forecast.h"
#include "winnow/store/listed_runs.h"

namespace winnow::cmd {

namespace {

constexpr double kHour = 3600;
constexpr double kLongestStage = 1e7;            // seconds: a third of a year
constexpr std::uint64_t kMostSlots = 1'000'000;  // of all nodes together

struct SimulateOptions {
  SweepsOptions sweeps;
  StoreOptions stores;
  std::uint32_t nodes = 1, slots = 1;
  double within = 0, node_life = 0, node_back = 10, crashes = 0, spread = 0.1, seconds = 0;
  std::uint64_t seed = 0;
  std::string html, shard = "1/1";
  bool from_scratch = false, json = false;
};

simulate::Scenario scenario_of(const SimulateOptions& options, const fleet::Work& work,
                               const ExpectedDurations& expected) {
  simulate::Scenario scenario;
  scenario.graph = work.graph;
  scenario.expected = expected.seconds;
  scenario.spread = options.spread;
  scenario.nodes = options.nodes;
  scenario.slots = options.slots;
  scenario.crash_rate = options.crashes;
  scenario.node_life = options.node_life * kHour;
  scenario.node_back = options.node_back * 60;
  scenario.seed = options.seed;
  return scenario;
}

void require_room(const UnitedPlans& plans, const fleet::Work& work, std::uint32_t slots) {
  for (std::size_t i = 0; i < plans.stages().size(); ++i)
    if (const UnitedPlans::Member& stage = plans.stages()[i]; !work.graph.done[i] && stage.width > slots)
      throw UsageError(
          fmt::format("{}: width = {} needs {} slots, and all nodes together have {}: say --slots or --nodes, or "
                      "lower it",
                      place_of_width(plans, stage), stage.width, stage.width, slots));
}

std::string percent(double part, double whole) { return fmt::format("{:.1f} %", whole > 0 ? 100 * part / whole : 0); }

// Name and value, in the order in which one asks.
std::vector<std::pair<std::string, std::string>> facts(const simulate::Scenario& scenario,
                                                       const simulate::Forecast& found,
                                                       const ExpectedDurations& expected) {
  double slots = found.busy + found.in_vain + found.idle;
  std::vector<std::pair<std::string, std::string>> result;
  result.emplace_back("cluster",
                      fmt::format("{} of {}", counted(scenario.nodes, "node"), counted(scenario.slots, "slot")));
  result.emplace_back(
      "makespan",
      fmt::format("{} ({:.3f} times the least that any order could take, {})", spoken_duration(found.makespan),
                  found.makespan / std::max(found.bound, 1e-9), spoken_duration(found.bound)));
  result.emplace_back("slots", fmt::format("{} busy, {} in vain, {} idle", percent(found.busy, slots),
                                           percent(found.in_vain, slots), percent(found.idle, slots)));
  std::string stages = fmt::format("{} done", found.done);
  if (found.failed) stages += fmt::format(", {} failed", found.failed);
  if (found.blocked) stages += fmt::format(", {} blocked", found.blocked);
  result.emplace_back("stages", stages);
  if (scenario.node_life > 0) result.emplace_back("lost", counted(found.lost_nodes, "node"));
  result.emplace_back("from", basis(expected));
  return result;
}

Value to_json(const simulate::Scenario& scenario, const simulate::Forecast& found, const ExpectedDurations& expected) {
  return {
      {"nodes", scenario.nodes},
      {"slots", scenario.slots},
      {"makespan", found.makespan},
      {"bound", found.bound},
      {"busy", found.busy},
      {"in_vain", found.in_vain},
      {"idle", found.idle},
      {"stages", {{"done", found.done}, {"failed", found.failed}, {"blocked", found.blocked}, {"open", found.open}}},
      {"lost_nodes", found.lost_nodes},
      {"basis", {{"kinds", expected.kinds}, {"guessed", expected.guessed}, {"stages", expected.stages}}}};
}

// A page may be written anew; what is none stays.
void require_place_of_page(const Path& file) {
  if (!std::filesystem::exists(std::filesystem::symlink_status(file))) return;
  constexpr std::string_view kBegin = "<!doctype html>";
  if (std::filesystem::is_regular_file(file) && read_file(file).starts_with(kBegin)) return;
  throw UsageError(fmt::format("--html {}: it is there already, and is no page", printable(file.string())));
}

void write_page(const SimulateOptions& options, const fleet::Work& work, const simulate::Scenario& scenario,
                const simulate::Forecast& found, const ExpectedDurations& expected) {
  constexpr std::size_t kMost = 20'000;  // bars that a browser shows at ease
  report::TimelinePage page;
  page.title = work.name + ", simulated";
  page.words = fmt::format("What the slots of {} of {} would do. Nothing was computed.",
                           counted(scenario.nodes, "node"), counted(scenario.slots, "slot"));
  page.facts = facts(scenario, found, expected);
  for (const simulate::Span& span : found.spans) {
    if (page.attempts.size() == kMost) break;
    page.attempts.push_back({work.label(span.attempt.stage), work.identities[span.attempt.stage].hex(),
                             fmt::format("node {:0{}}", span.node, std::to_string(scenario.nodes).size()),
                             span.result ? "done" : "failed", static_cast<int>(span.attempt.number), span.begin,
                             span.end});
  }
  page.left_out = found.spans.size() - page.attempts.size();
  write_file_atomically(options.html, report::render_html(page));
}

}  // namespace

int simulate_run(int argc, char** argv) {
  Command app(
      "simulate",
      "Runs sweeps in virtual time, by the scheduler and the agents of a real run: how long they would take, how busy "
      "the slots would be,\n"
      "what failures would cost. Nothing is computed, and the cluster need not be there. Durations are those of stages "
      "like these that ran in\n"
      "the store; kinds that never ran are guessed from their size, or take --seconds.",
      "  winnow simulate sweeps/quickstart.toml --nodes 2 --slots 8\n"
      "  winnow simulate paper.toml --slots 8 --within 60          how many nodes finish it by Monday?\n"
      "  winnow simulate paper.toml --nodes 16 --slots 8 --node-life 200 --crashes 0.01 --html forecast.html\n"
      "  winnow simulate new.toml --seconds 1800 --slots 4         nothing like it has run: half an hour a stage\n");
  SimulateOptions options;
  options.sweeps.add_to(app, "the sweep file; of several the first one's stages start first");
  options.stores.add_to(app);
  auto* nodes = app.add_option("--nodes", options.nodes, "agents of the run")
                    ->check(CLI::Range(1, 100'000))
                    ->capture_default_str();
  app.add_option("--slots", options.slots, "trainers of each: GPUs of a node")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--within", options.within, "hours: find the smallest number of nodes that finishes in this time")
      ->check(above_zero())
      ->excludes(nodes);
  app.add_option("--seconds", options.seconds, "of a stage of a kind that has never run")
      ->check(above_zero() & CLI::Range(0.0, kLongestStage));
  app.add_option("--spread", options.spread, "of durations around what is expected: sigma of a log-normal factor")
      ->check(CLI::Range(0.0, 3.0))
      ->capture_default_str();
  app.add_option("--crashes", options.crashes, "share of executions in which the trainer dies")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  app.add_option("--node-life", options.node_life, "hours between losses of a node, on average; 0: none is lost")
      ->check(from_zero())
      ->capture_default_str();
  app.add_option("--node-back", options.node_back, "minutes until another node takes a lost one's place")
      ->check(from_zero())
      ->capture_default_str();
  app.add_option("--shard", options.shard, "one part of the sweep, as `winnow run --shard` takes it")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of what is drawn")->capture_default_str();
  app.add_flag("--from-scratch", options.from_scratch, "as if no reference store held a result");
  app.add_option("--html", options.html, "write what every slot does as a page");
  app.add_flag("--json", options.json, "for scripts; seconds, and seconds of one slot");
  if (!parse(app, argc, argv)) return kDone;

  if (std::uint64_t slots = std::uint64_t{options.nodes} * options.slots; slots > kMostSlots)
    throw UsageError(fmt::format("simulate: {} nodes of {} slots are {} slots: at most {} are allowed", options.nodes,
                                 options.slots, slots, kMostSlots));
  if (!options.html.empty()) require_place_of_page(options.html);
  store::Store store = options.stores.open_to_read();
  if (options.from_scratch) store = store::Store(store.root());
  store::ListedRuns results(store);
  UnitedPlans plans(options.sweeps.plans_to_run(),
                    [&](const Identity& identity) { return results.find(identity, false).has_value(); });
  const Shard shard = Shard::parse(options.shard);
  if (shard.count > 1) plans.restrict_to(stages_of(plans, shard));
  std::vector<sweep::Catalogue> catalogues;
  for (const std::string& file : options.sweeps.files) catalogues.push_back(options.sweeps.one(file).catalogue());
  const FleetWork fleet_work(plans, options.sweeps.files, catalogues);
  const fleet::Work& work = fleet_work.work();
  std::optional<ExpectedDurations> expected = expected_durations(
      work, fleet::durations(store.root()), options.seconds > 0 ? std::optional(options.seconds) : std::nullopt);
  if (!expected)
    throw UsageError(
        fmt::format("no stage like those of {} has run in {}: say how long one takes (--seconds); "
                    "`winnow try` measures it",
                    work.name, store.root().string()));
  if (options.within <= 0) require_room(plans, work, options.nodes * options.slots);
  simulate::Scenario scenario = scenario_of(options, work, *expected);
  scenario.spans = !options.html.empty();
  simulate::Forecast found;
  if (options.within > 0) {
    if (simulate::nodes_for(scenario, options.within * kHour, found) == 0)
      throw UsageError(
          fmt::format("no number of nodes finishes {} within {}: its longest chain of stages, or what is lost on the "
                      "way, takes longer",
                      work.name, spoken_duration(options.within * kHour)));
  } else {
    found = simulate::forecast(scenario);
  }
  if (!options.html.empty()) write_page(options, work, scenario, found, *expected);
  if (options.json) {
    fmt::print("{}\n", to_json(scenario, found, *expected).dump(2));
    return kDone;
  }
  fmt::print(
      "{}: {} to run\n", work.name,
      counted(static_cast<std::size_t>(std::count(work.graph.done.begin(), work.graph.done.end(), false)), "stage"));
  for (const auto& [name, value] : facts(scenario, found, *expected)) fmt::print("  {:9} {}\n", name, value);
  if (!options.html.empty()) fmt::print("  page      {}\n", options.html);
  return kDone;
}

}  // namespace winnow::cmd
