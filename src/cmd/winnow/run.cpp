// winnow run: executes what of one sweep or of several is not done yet.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "arguments.h"
#include "commands.h"
#include "deadline.h"
#include "fleet_work.h"
#include "further_sweep.h"
#include "known_sweep.h"
#include "outcome.h"
#include "place_of_width.h"
#include "run_display.h"
#include "run_summary.h"
#include "shards.h"
#include "sweep_options.h"
#include "trainer_option.h"
#include "united_plans.h"
#include "wanted_devices.h"
#include "winnow/core/counted.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/fleet/exit_record.h"
#include "winnow/fleet/fleet.h"
#include "winnow/fleet/requests.h"
#include "winnow/store/listed_runs.h"

namespace winnow::cmd {

namespace {

struct RunOptions {
  SweepsOptions sweeps;
  StoreOptions stores;
  bool from_scratch = false, keep_images = false, json = false;
  TrainerOption trainer;
  std::string device = "auto";
  std::uint32_t trainers = 0, per_gpu = 1, max_failures = 0;  // trainers 0: as many as there are devices
  bool busy_gpus = false, small_gpus = false, mixed_devices = false;
  int threads = 1, loaders = -1, keep_features = 10;  // GiB
  std::int64_t device_images = -1;                    // MiB
  double grace = 5, checkpoint_every = 60, time_scale = 1;
  std::string shard = "1/1", deadline;
};

fleet::Options fleet_options(const RunOptions& options, const store::Store& store) {
  fleet::Options result;
  result.store = store.root();
  result.references = store.references();
  result.trainer = options.trainer.words();
  result.own_trainer = options.trainer.own();
  result.devices = fleet::devices().parse(options.device);
  result.trainers = options.trainers;
  result.per_gpu = options.per_gpu;
  result.busy_gpus = options.busy_gpus;
  result.small_gpus = options.small_gpus;
  result.mixed_devices = options.mixed_devices;
  result.threads = options.threads;
  result.loaders = options.loaders;
  result.device_images = options.device_images < 0 ? -1 : options.device_images << 20;
  result.checkpoint_every = options.checkpoint_every;
  result.keep_images = options.keep_images;
  result.keep_features = std::int64_t{options.keep_features} << 30;
  if (!options.deadline.empty()) result.deadline = parse_deadline(options.deadline, wall_seconds());
  result.policy.max_failures = options.max_failures;
  result.timers = result.timers.scaled(options.time_scale);
  result.timers.grace = std::chrono::duration_cast<sched::Time>(std::chrono::duration<double>(options.grace));
  return result;
}

store::Store open_store(const RunOptions& options) {
  return options.from_scratch ? store::Store(options.stores.store) : options.stores.open();
}

// As an agent opens it, which begins before the coordinator has made the folder: a network file system would remember
// for a minute that it was absent.
store::Store unseen_store(const RunOptions& options) {
  return store::Store(options.stores.store, options.from_scratch ? std::vector<Path>() : options.stores.read_only());
}

// What a sweep that was edited no longer plans has neither failed nor been cancelled.
int exit_code_of(const fleet::Outcome& outcome) {
  if (outcome.cancelled || outcome.late) return kCancelled;
  if (outcome.drained) return kDrained;
  for (const fleet::SweepCounts& sweep : outcome.sweeps)
    if (!sweep.replaced && (sweep.failed || sweep.blocked || sweep.open)) return kSomeFailed;
  for (const fleet::SweepCounts& sweep : outcome.sweeps)
    if (!sweep.replaced && sweep.withdrawn) return kCancelled;
  return kDone;
}

// A gang's processes need a GPU each.
void require_gpus_apart(const UnitedPlans& plans, const fleet::Work& work, const RunOptions& options) {
  if (options.per_gpu == 1) return;
  for (std::size_t i = 0; i < plans.stages().size(); ++i)
    if (const UnitedPlans::Member& stage = plans.stages()[i]; !work.graph.done[i] && stage.width > 1)
      throw UsageError(
          fmt::format("{}: width = {}: the processes of a gang need a GPU each, --per-gpu {} lets trainers share "
                      "one: run such stages in a run without it",
                      place_of_width(plans, stage), stage.width, options.per_gpu));
}

// Without mpirun the slots are known before anything starts.
void require_room(const UnitedPlans& plans, const fleet::Work& work, const fleet::Room& room) {
  const UnitedPlans::Member* widest = nullptr;
  for (std::size_t i = 0; i < plans.stages().size(); ++i)
    if (const UnitedPlans::Member& stage = plans.stages()[i];
        !work.graph.done[i] && stage.width > (widest             ? widest->width
                                              : room.partitioned ? 1
                                                                 : room.slots))
      widest = &stage;
  if (!widest) return;
  std::string needs =
      fmt::format("{}: width = {} needs {}", place_of_width(plans, *widest), widest->width, widest->width);
  if (room.partitioned)
    throw UsageError(
        fmt::format("{} GPUs, and those of this machine are partitioned (MIG): CUDA shows a process one instance; "
                    "lower it, or compute on CPUs (--device cpu --trainers {})",
                    needs, widest->width));
  if (room.gpus)
    throw UsageError(
        fmt::format("{} GPUs on one node, this run has {}: lower it, or compute on CPUs (--device cpu "
                    "--trainers {})",
                    needs, room.gpus, widest->width));
  throw UsageError(fmt::format("{} trainers on one node, this run has {}: say --trainers {} or lower it", needs,
                               room.slots, widest->width));
}

int execute(const RunOptions& options, const fleet::World& world, fleet::Fleet& fleet, fleet::Outcome& outcome) {
  store::Store store = open_store(options);
  store::ListedRuns results(store);
  UnitedPlans plans(options.sweeps.plans_to_run(),
                    [&](const Identity& identity) { return results.find(identity).has_value(); });
  const Shard shard = Shard::parse(options.shard);
  if (shard.count > 1) plans.restrict_to(stages_of(plans, shard));
  std::vector<sweep::Catalogue> catalogues;
  for (const std::string& file : options.sweeps.files) catalogues.push_back(options.sweeps.one(file).catalogue());
  FleetWork fleet_work(plans, options.sweeps.files, catalogues,
                       options.deadline.empty() ? Order::by_sweeps : Order::by_rows);
  fleet::Work& work = fleet_work.work();
  std::size_t before = with_results(plans, work), open = to_run(work);
  fleet::Options own = fleet_options(options, store);
  if (!options.json) print_beginning(plans, before, open);
  if (!options.json && own.deadline) print_deadline(*own.deadline);
  RunDisplay display(before + open, before, options.json, work.label);
  outcome.counts.done = work.graph.done.size();
  for (const fleet::Wanted& sweep : work.sweeps)
    outcome.sweeps.push_back({sweep.name, sweep.stages, sweep.stages - sweep.left_out});
  work.begun = [&] {
    for (std::size_t i = 0; i < options.sweeps.files.size(); ++i)
      remember(store.root(), options.sweeps.one(options.sweeps.files[i]), plans.plans()[i]);
  };
  if (open > 0 || fleet::has_further(store.root())) {
    options.trainer.require();
    std::optional<fleet::Room> room;
    if (!world.mpi) room = fleet::room_here(own);
    auto require = [&](const UnitedPlans& some, const fleet::Work& of, const std::vector<sweep::Catalogue>& known) {
      require_gpus_apart(some, of, options);
      if (room) require_room(some, of, *room);
      bool on_cpus = own.devices == fleet::Options::Devices::cpu || (room && room->gpus == 0);
      if (own.own_trainer) require_devices_suffice(some, of, known, on_cpus, room ? room->capability : 0);
    };
    require(plans, work, catalogues);
    work.plan_further = further_sweeps({store, plans, fleet_work, require});
    outcome = fleet.coordinate(work, display);
    if (!outcome.abandoned.empty())
      throw InternalError(outcome.abandoned + "; run it again, no finished stage is lost");
    if (!outcome.missing.empty())
      throw DeviceError(fmt::format(
          "{} reported as done {} no run file in {}, the first is {}: removed while the run went on, or an agent said "
          "what is not so; run it again, and what is missing is computed",
          counted(outcome.missing.size(), "stage"), outcome.missing.size() == 1 ? "has" : "have", store.root().string(),
          work.label(outcome.missing.front())));
  } else if (std::filesystem::is_directory(store.root() / "runs")) {
    work.begun();
  }
  int code = exit_code_of(outcome);
  print_outcome({work, options.stores.store, display.failures(), code, options.json, options.max_failures}, plans,
                outcome);
  if (!options.json && own.deadline) print_rows(plans, store);
  return code;
}

void add_to(CLI::App& app, RunOptions& options) {
  options.sweeps.add_to(app,
                        "the sweep file; of several the first one's stages start first, and what they share runs once");
  options.stores.add_to(app);
  app.add_flag("--from-scratch", options.from_scratch, "read no reference store: compute everything here");
  app.add_option(
      "--trainer", options.trainer,
      "program that executes stages (default: winnow-train serve); src/fleet/README.md describes what it must do");
  app.add_option(
         "--device", options.device,
         "where stages are computed: cuda, cpu, or auto: GPUs where the driver finds some, else CPUs. Of the GPUs "
         "those that CUDA_VISIBLE_DEVICES names, without the sick and the busy ones")
      ->capture_default_str();
  app.add_option("--trainers", options.trainers, "trainers for each agent")
      ->check(CLI::Range(1, 1024))
      ->default_str("1 on CPUs, one for each GPU");
  app.add_option("--per-gpu", options.per_gpu,
                 "trainers that share a GPU at most; of their stages as many run at once as its memory has room for")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_flag("--busy-gpus", options.busy_gpus, "take GPUs on which other processes compute, too");
  app.add_flag(
      "--small-gpus", options.small_gpus,
      "take GPUs with less memory than stages of this sweep's classes have held of one: what runs out of it is "
      "tried again in smaller pieces");
  app.add_flag("--mixed-devices", options.mixed_devices, "some nodes may compute on CPUs while others have GPUs");
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
  app.add_option(
         "--shard", options.shard,
         "one part of the sweep, as 2/4: for allocations that know nothing of each other, each with a --store of "
         "its own; a report reads them together (--reference)")
      ->capture_default_str();
  app.add_option(
      "--deadline", options.deadline,
      "when the results are needed: 90min, 8h, 2d from each start on, or 2026-12-01T08:00. Whole rows of the table "
      "come first (a method with all its columns and seeds, then the next), and by then the run has ended, with exit "
      "code 5 if something is left");
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
  app.add_option(
         "--keep-features", options.keep_features,
         "GiB that features of frozen towers may take of each machine's cache (WINNOW_CACHE), while its disk has as "
         "many free; later epochs and stages read them instead of computing them again: the same bits; 0: none")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
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
      "Of several sweeps in one run, stages that more than one plans are executed once; an earlier sweep's stages "
      "start "
      "first, a later one\n"
      "gets the places that they leave. All options, --set too, hold for all of them. A sweep that cannot be run, or "
      "two of one name, refuse the\n"
      "whole command before anything starts; a stage that fails keeps no other sweep from being completed.\n"
      "Exit codes: 0 all done, 1 broken, 2 wrong usage, 3 some stages failed, 4 stopped on request: run it again,\n"
      "5 cancelled (winnow cancel), or its deadline came.",
      "  winnow run sweeps/quickstart.toml\n"
      "  winnow run urgent.toml rest.toml          several in one run: urgent.toml's stages first\n"
      "  launch/mpirun -n 2 winnow run sweeps/quickstart.toml --store /big/results\n"
      "  winnow run sweep.toml --trainer 'python3 my_trainer.py'     any program can be a trainer\n");
  RunOptions options;
  add_to(app, options);
  ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away ends no run
  fleet::World world = fleet::World::from_environment();
  if (world.rank > 0) {
    // Rank 0 has the same command line and says what is wrong with it.
    std::optional<fleet::Options> own;
    try {
      if (!parse(app, argc, argv)) return kDone;
      own = fleet_options(options, unseen_store(options));
    } catch (const UsageError&) {
      return kUsage;
    }
    fleet::serve(*own, world);
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
  if (outcome.abandoned.empty()) fleet::write_exit_record(code, outcome, store);
  if (fleet) fleet->leave(code);
  return code;
}

}  // namespace winnow::cmd
