// winnow run: executes what of a sweep is not done yet.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <optional>
#include <sstream>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "run_display.h"
#include "stage_class.h"
#include "stage_label.h"
#include "sweep_options.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"
#include "winnow/fleet/exit_record.h"
#include "winnow/fleet/fleet.h"

namespace winnow::cmd {

namespace {

struct RunOptions {
  SweepOptions sweep;
  StoreOptions stores;
  bool from_scratch = false, keep_images = false, json = false;
  std::string trainer;
  std::uint32_t trainers = 1, max_failures = 0;
  int threads = 1, loaders = -1;
  std::int64_t device_images = -1;  // MiB
  double grace = 5, checkpoint_every = 60, time_scale = 1;
};

std::vector<std::string> words_of(const std::string& command) {
  if (::access(command.c_str(), X_OK) == 0) return {command};  // a path, perhaps with blanks
  std::istringstream stream(command);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> trainer_of(const RunOptions& options) {
  if (!options.trainer.empty()) return words_of(options.trainer);
  return {(executable_folder() / "winnow-train").string(), "serve"};
}

fleet::Options fleet_options(const RunOptions& options, const store::Store& store) {
  fleet::Options result;
  result.store = store.root();
  result.references = store.references();
  result.trainer = trainer_of(options);
  result.trainers = options.trainers;
  result.threads = options.threads;
  result.loaders = options.loaders;
  result.device_images = options.device_images < 0 ? -1 : options.device_images << 20;
  result.checkpoint_every = options.checkpoint_every;
  result.keep_images = options.keep_images;
  result.policy.max_failures = options.max_failures;
  result.timers = result.timers.scaled(options.time_scale);
  result.timers.grace = std::chrono::duration_cast<sched::Time>(std::chrono::duration<double>(options.grace));
  return result;
}

store::Store open_store(const RunOptions& options) {
  return options.from_scratch ? store::Store(options.stores.store) : options.stores.open();
}

void require_trainer(const std::vector<std::string>& words) {
  if (words.empty()) throw UsageError("--trainer is empty: name a program");
  if (words[0].find('/') == std::string::npos) return;  // looked up in PATH when it is started
  if (::access(words[0].c_str(), X_OK) != 0)
    throw UsageError(fmt::format(
        "no trainer at {}: run launch/setup and build with WINNOW_TRAIN=ON, or name another program with --trainer",
        words[0]));
}

// Stages of the plan as the fleet's work. What is done, or is an input of nothing that has still to be done, counts as
// done.
fleet::Work work_of(const sweep::Plan& plan, const std::vector<bool>& done, const std::vector<bool>& cell,
                    const RunOptions& options) {
  fleet::Work work;
  work.name = plan.name();
  std::vector<bool> needed = plan.needed(done);
  std::map<std::string, sched::ClassId> classes;
  std::map<std::string, bool> datasets;
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const sweep::Node& node = plan.nodes()[i];
    work.identities.push_back(node.identity);
    work.graph.inputs.emplace_back(node.inputs.begin(), node.inputs.end());
    work.graph.done.push_back(!needed[i]);
    StageClass kind{"done", 1};
    if (!work.graph.done[i]) {
      Stage stage = plan.stage(static_cast<std::uint32_t>(i));
      kind = stage_class(stage, node.label, node.width);
      if (stage.settings.has("dataset")) datasets[stage.settings.text("dataset")] = true;
    }
    auto [entry, fresh] = classes.try_emplace(kind.name, static_cast<sched::ClassId>(classes.size()));
    if (fresh) {
      work.classes.push_back(kind.name);
      work.sizes.push_back(kind.size);
      work.graph.widths.push_back(work.graph.done[i] ? 1 : node.width);
    }
    work.graph.classes.push_back(entry->second);
  }
  sweep::Catalogue catalogue = options.sweep.catalogue();
  for (const auto& [name, used] : datasets)
    if (auto found = catalogue.datasets.find(name); found != catalogue.datasets.end())
      work.datasets[name] = {found->second.content, found->second.source, found->second.digest};
  std::vector<std::string> axes = plan.axes();
  work.stage = [&plan](sched::StageId stage) { return to_json(plan.stage(stage)); };
  work.label = [&plan, &cell, axes](sched::StageId stage) { return stage_label(plan, stage, axes, cell[stage]); };
  // The plan's digest covers the files' bytes; the files' own digest is cheap enough to be taken every few seconds.
  std::vector<std::string> files{options.sweep.file};
  for (const sweep::PresetFile& preset : catalogue.outside) files.push_back(preset.path);
  auto digest = [files]() -> std::optional<Hash128> {
    try {
      Hasher hasher;
      for (const std::string& file : files) hasher.add(read_file(file));
      return hasher.digest();
    } catch (const DataError&) {
      return std::nullopt;
    }
  };
  work.changed = [digest, before = digest()] { return digest() != before; };
  return work;
}

// Not fmt::print, which throws when the reader is gone: a run ends as its stages did.
void put(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

std::string counted(std::size_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

int exit_code_of(const fleet::Outcome& outcome) {
  if (outcome.drained) return kDrained;
  if (outcome.counts.failed || outcome.counts.blocked || outcome.counts.open) return kSomeFailed;
  return kDone;
}

void print_outcome(const RunOptions& options, const sweep::Plan& plan, const fleet::Outcome& outcome, std::size_t done,
                   const std::vector<Value>& failures, int code) {
  const auto& counts = outcome.counts;
  if (options.json) {
    Value result = {{"sweep", plan.name()},          {"code", code},
                    {"stages", plan.nodes().size()}, {"done", done},
                    {"failed", counts.failed},       {"blocked", counts.blocked},
                    {"open", counts.open},           {"drained", outcome.drained},
                    {"store", options.stores.store}, {"failures", failures}};
    put(result.dump(2) + "\n");
    return;
  }
  std::string line = fmt::format("{} of {} done", done, counted(plan.nodes().size(), "stage"));
  if (counts.failed) line += fmt::format(", {} failed", counts.failed);
  if (counts.blocked) line += fmt::format(", {} blocked by failed ones", counts.blocked);
  if (counts.open) line += fmt::format(", {} not run", counts.open);
  if (outcome.drained) line += "; stopped on request, run it again to resume";
  put(fmt::format("{}; run files are in {}\n", line, (Path(options.stores.store) / "runs").string()));
}

// Where the width of a stage was set. It is the largest that an experiment asks for, which need not be the first one
// that needs the stage.
std::string place_of_width(const sweep::Plan& plan, const sweep::Node& node) {
  for (std::size_t experiment = node.experiment; experiment < plan.experiments(); ++experiment)
    for (const sweep::Explained& entry : plan.explain(experiment))
      if (entry.key == "width" && entry.value == node.width) return entry.where;
  return "width";
}

// Without mpirun the slots are known before anything starts.
void require_room(const sweep::Plan& plan, const fleet::Work& work, const RunOptions& options) {
  const sweep::Node* widest = nullptr;
  for (std::size_t i = 0; i < plan.nodes().size(); ++i)
    if (const sweep::Node& node = plan.nodes()[i];
        !work.graph.done[i] && node.width > (widest ? widest->width : options.trainers))
      widest = &node;
  if (!widest) return;
  throw UsageError(
      fmt::format("{}: width = {} needs {} trainers on one node, this run has {}: say --trainers {} or lower it",
                  place_of_width(plan, *widest), widest->width, widest->width, options.trainers, widest->width));
}

int execute(const RunOptions& options, const fleet::World& world, fleet::Fleet& fleet, fleet::Outcome& outcome) {
  sweep::Plan plan = options.sweep.plan_to_run();
  store::Store store = open_store(options);
  std::vector<bool> done, cell(plan.nodes().size());
  for (const sweep::Node& node : plan.nodes()) done.push_back(store.find(node.identity).has_value());
  for (std::size_t i = 0; i < plan.experiments(); ++i) cell[plan.cell_node(i)] = true;
  fleet::Work work = work_of(plan, done, cell, options);
  auto before = static_cast<std::size_t>(std::count(done.begin(), done.end(), true));
  auto open = static_cast<std::size_t>(std::count(work.graph.done.begin(), work.graph.done.end(), false));
  if (!options.json) {
    put(fmt::format("{}: {}\n{}, {}: {} done, {} to run\n", plan.name(), printable(plan.question()),
                    counted(plan.experiments(), "experiment"), counted(plan.nodes().size(), "stage"), before, open));
    for (const std::string& note : notes_on(plan)) put(fmt::format("note: {}\n", note));
  }
  RunDisplay display(before + open, before, options.json, work.label);
  outcome.counts.done = work.graph.done.size();
  if (open > 0) {
    require_trainer(trainer_of(options));
    if (!world.mpi) require_room(plan, work, options);
    outcome = fleet.coordinate(work, display);
    if (outcome.abandoned) throw InternalError("every agent was lost; run it again, no finished stage is");
  }
  std::size_t finished = before + open - outcome.counts.failed - outcome.counts.blocked - outcome.counts.open;
  int code = exit_code_of(outcome);
  print_outcome(options, plan, outcome, finished, display.failures(), code);
  return code;
}

void add_to(CLI::App& app, RunOptions& options) {
  options.sweep.add_to(app);
  options.stores.add_to(app);
  app.add_flag("--from-scratch", options.from_scratch, "read no reference store: compute everything here");
  app.add_option(
      "--trainer", options.trainer,
      "program that executes stages (default: winnow-train serve); src/fleet/README.md describes what it must do");
  app.add_option("--trainers", options.trainers, "trainers for each agent")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "threads for each trainer; part of what makes results bit-equal")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option(
         "--loaders", options.loaders,
         "threads beside them that decode and augment images ahead of the step; the same results with any number")
      ->check(CLI::Range(0, 256))
      ->default_str("0 on a CPU, elsewhere half of the cores, at most 4");
  app.add_option(
         "--device-images", options.device_images,
         "MiB of images that may stay on a device that is no CPU: a small data set as a whole; the same results "
         "with any number")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30))
      ->default_str("1024");
  app.add_option("--max-failures", options.max_failures, "so many failed stages end the run; 0: never")
      ->capture_default_str();
  app.add_option("--grace", options.grace,
                 "seconds that running stages have to finish after a stop was asked for; then they have 20 s to save a "
                 "checkpoint")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--checkpoint-every", options.checkpoint_every,
                 "seconds between checkpoints of a stage; 0: only when it is stopped")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_flag("--keep-images,--keep-pictures", options.keep_images,
               "keep decoded images after the first resize of their views in each machine's cache: the same results, "
               "later epochs need not decode again; "
               "150 KB an image of 224 x 224");
  app.add_option("--time-scale", options.time_scale, "multiplies every waiting time of the fleet, for tests")
      ->check(CLI::Range(0.001, 100.0))
      ->group("");
  app.add_flag("--json", options.json, "the outcome as JSON on standard output, progress on standard error");
}

}  // namespace

int run(int argc, char** argv) {
  Command app(
      "run",
      "Executes what of a sweep is not done yet: alone, or as the ranks of an mpirun (launch/mpirun restarts it after "
      "a crash).\n"
      "Exit codes: 0 all done, 1 broken, 2 wrong usage, 3 some stages failed, 4 stopped on request: run it again.",
      "  winnow run sweeps/quickstart.toml\n"
      "  launch/mpirun -n 2 winnow run sweeps/quickstart.toml --store /big/results\n"
      "  winnow run sweep.toml --trainer 'python3 my_trainer.py'     any program can be a trainer\n");
  RunOptions options;
  add_to(app, options);
  ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away ends no run
  fleet::World world = fleet::World::from_environment();
  if (world.rank > 0) {
    // Rank 0 has the same command line and says what is wrong with it.
    try {
      if (!parse(app, argc, argv)) return kDone;
    } catch (const UsageError&) {
      return kUsage;
    }
    fleet::serve(fleet_options(options, open_store(options)), world);
    return kDone;
  }
  std::optional<fleet::Fleet> fleet;
  std::optional<Path> store;
  fleet::Outcome outcome;
  int code = guarded([&]() -> int {
    if (!parse(app, argc, argv)) return kDone;
    fleet::Options own = fleet_options(options, open_store(options));
    store = own.store;
    return fleet.emplace(own, world), execute(options, world, *fleet, outcome);
  });
  if (!outcome.abandoned) fleet::write_exit_record(code, outcome, store);
  if (fleet) fleet->leave(code);
  return code;
}

}  // namespace winnow::cmd
