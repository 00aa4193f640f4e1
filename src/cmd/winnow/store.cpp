// winnow store: what lies in a store, whose it is, and removing what no sweep plans any more.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "arguments.h"
#include "byte_size.h"
#include "commands.h"
#include "known_sweep.h"
#include "outcome.h"
#include "store_view.h"
#include "sweep_options.h"
#include "winnow/core/counted.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"
#include "winnow/fleet/exclusive.h"
#include "winnow/store/prune.h"

namespace winnow::cmd {

namespace {

// Those that ran here, as they were then; those that are named, as they are now.
void list(const store::Store& store, const SweepsOptions& named, bool json) {
  store::KnownSweeps ran = store::known_sweeps(store.root());
  std::vector<std::string> notes = ran.faults;
  std::vector<sweep::Plan> plans = named.plans_with_holes();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const std::string& file = named.files[i];
    const sweep::Plan& plan = plans[i];
    std::erase_if(ran.sweeps, [&](const auto& sweep) { return sweep.name == plan.name(); });
    ran.sweeps.push_back(known_sweep(named.one(file), plan));
    if (std::size_t open = plan.nodes().size() - ran.sweeps.back().stages.size())
      notes.push_back(
          fmt::format("{}: of {} stages it is not known which they are, because something they need is not "
                      "on this machine (`winnow plan {}`)",
                      file, open, file));
  }
  StoreUse use = use_of(store.root().string(), store::take_inventory(store.root()), ran.sweeps);
  use.notes = std::move(notes);
  if (json) fmt::print("{}\n", store_json(use).dump(2, ' ', false, Value::error_handler_t::replace));
  else fmt::print("{}", store_text(use));
}

// Everything of `pruning`, with the store for ourselves. A disk that is full has no room for the lease: then files go
// until it has, and no coordinator can begin meanwhile either.
class Remover {
 public:
  explicit Remover(const Path& root) : root_(root) { take(); }

  store::Amount remove(const store::Pruning& pruning) {
    try {
      for (const auto& checkpoint : pruning.checkpoints) {
        keep_alone();
        if (store::remove_checkpoint(root_, checkpoint.identity)) removed_.bytes += checkpoint.amount.bytes;
      }
      for (const auto& run : pruning.runs) {
        keep_alone();
        if (store::remove_run(root_, run.identity)) removed_.add(run.bytes);
      }
    } catch (const DeviceError& error) {
      throw DeviceError(fmt::format("{}; {} had been removed before", error.what(), byte_size(removed_.bytes)));
    }
    return removed_;
  }

  void note(const std::vector<std::string>& sweeps) {
    if (lease_ && removed_.bytes)
      lease_->note({{"event", "pruned"}, {"files", removed_.files}, {"bytes", removed_.bytes}, {"sweeps", sweeps}});
  }

 private:
  void take() {
    try {
      lease_.emplace(root_);
    } catch (const DeviceError&) {
      if (fleet::Exclusive::held_by_another(root_))
        throw UsageError(fmt::format("a coordinator works on {}: wait for its end", root_.string()));
    }
  }
  void keep_alone() {
    auto now = std::chrono::steady_clock::now();
    if (!lease_) take();
    else if (now - refreshed_ > std::chrono::seconds(5)) refreshed_ = now, lease_->refresh();
  }

  Path root_;
  std::optional<fleet::Exclusive> lease_;
  std::chrono::steady_clock::time_point refreshed_ = std::chrono::steady_clock::now();
  store::Amount removed_;
};

void print_sweeps_hit(const store::Store& store, const store::Pruning& pruning, const std::set<std::string>& named) {
  std::set<Identity> going;
  for (const auto& run : pruning.runs) going.insert(run.identity);
  for (const auto& checkpoint : pruning.checkpoints) going.insert(checkpoint.identity);
  for (const store::KnownSweep& sweep : store::known_sweeps(store.root()).sweeps) {
    auto hit = std::count_if(sweep.stages.begin(), sweep.stages.end(), [&](const auto& s) { return going.count(s); });
    if (hit)
      fmt::print("  {} of them are stages of {} {} ({})\n", hit, printable(sweep.name),
                 named.count(sweep.name) ? "as it was when it last ran" : "which is not named", printable(sweep.file));
  }
}

int prune(const store::Store& store, const SweepsOptions& sweeps, bool remove, bool json) {
  std::vector<sweep::Plan> plans = sweeps.plans_to_run();  // exactly what a run would plan; nothing left open
  std::set<Identity> keep;
  std::set<std::string> names;
  for (const sweep::Plan& plan : plans) {
    names.insert(plan.name());
    for (const sweep::Node& node : plan.nodes()) keep.insert(node.identity);
  }
  if (fleet::Exclusive::held_by_another(store.root()))
    throw UsageError(fmt::format("a run works on {}: wait for its end (`winnow status {}`)", store.root().string(),
                                 store.root().string()));
  std::optional<Remover> remover;
  if (remove) remover.emplace(store.root());  // before the look: nothing may change between it and the removal
  store::Inventory inventory = store::take_inventory(store.root());
  store::Pruning pruning = store::pruning_of(inventory, keep);
  if (remove && pruning.kept == 0 && !pruning.runs.empty())
    throw UsageError(fmt::format(
        "no stage in {} is planned by what you named: this would remove every result of it. Is it the right store, and "
        "are the sweeps those that ran on it (`winnow store {}`)?",
        store.root().string(), store.root().string()));
  std::uint64_t bytes = pruning.bytes;
  if (remove) {
    bytes = remover->remove(pruning).bytes;
    remover->note({names.begin(), names.end()});
  }
  if (json) {
    Value runs = Value::array(), checkpoints = Value::array();
    for (const auto& run : pruning.runs)
      runs.push_back({{"identity", run.identity.hex()}, {"kind", run.kind}, {"bytes", run.bytes}});
    for (const auto& checkpoint : pruning.checkpoints)
      checkpoints.push_back({{"identity", checkpoint.identity.hex()}, {"bytes", checkpoint.amount.bytes}});
    fmt::print("{}\n", Value({{"store", store.root().string()},
                              {"removed", remove},
                              {"bytes", bytes},
                              {"kept", pruning.kept},
                              {"runs", runs},
                              {"checkpoints", checkpoints},
                              {"left_alone", pruning.left_alone}})
                           .dump(2, ' ', false, Value::error_handler_t::replace));
    return kDone;
  }
  for (const std::string& why : pruning.left_alone) fmt::print("left alone: {}\n", printable(why));
  const char* verb = remove ? "removed" : "would remove";
  fmt::print("{}: {} {} and {}, {}; {} of the named sweeps stay\n", printable(store.root().string()), verb,
             counted(pruning.runs.size(), "run file"), counted(pruning.checkpoints.size(), "checkpoint"),
             byte_size(bytes), counted(pruning.kept, "run file"));
  if (!pruning.runs.empty()) fmt::print("  {}\n", kinds_text(pruning.runs));
  print_sweeps_hit(store, pruning, names);
  if (!remove && pruning.bytes) fmt::print("nothing was removed: say --remove\n");
  if (remove && inventory.table.files && !pruning.runs.empty())
    fmt::print("`winnow pack --store {}` takes them out of table.h5, too\n", printable(store.root().string()));
  return kDone;
}

}  // namespace

int store(int argc, char** argv) {
  Command app(
      "store",
      "What lies in a store (the folder of run files) and what it takes: by kind of file and stage, by sweep, what no "
      "known sweep\n"
      "plans, what was left behind. A sweep is known once it ran there, as it was then (with its --set); --sweep names "
      "more, or plans one\n"
      "anew. `prune` removes the results and checkpoints of all stages that none of the sweeps named there plans: "
      "those "
      "of other sweeps,\n"
      "of settings that were changed since, of methods whose results have a newer version. It only says what it would "
      "remove until\n"
      "--remove is given; it refuses while a run works on the store, follows no links, and leaves alone whatever it "
      "cannot read (a damaged\n"
      "or newer format). Removed results are computed again when a sweep plans them. Related: `winnow fsck` removes "
      "leftovers,\n"
      "`winnow pack` makes table.h5, `winnow cache` looks after the cache folder.",
      "  winnow store\n"
      "  winnow store /big/results --sweep sweeps/old.toml\n"
      "  winnow store prune sweeps/paper.toml sweeps/appendix.toml               what would go?\n"
      "  winnow store prune sweeps/paper.toml sweeps/appendix.toml --remove      removes it\n"
      "  winnow store prune sweeps/paper.toml --set train.epochs=5 --store /big/results\n");
  std::string folder = "results";
  SweepsOptions named;
  bool json = false, remove = false;
  app.require_subcommand(0, 1);
  app.add_option("STORE,--store", folder, "the folder of run files")->capture_default_str();
  app.add_option("--sweep", named.files, "a sweep file whose stages are shown as its own; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--set", named.sets, "KEY=VALUE in all sweeps of --sweep; may be repeated")->allow_extra_args(false);
  named.presets.add_to(app);
  app.add_flag("--json", json, "for scripts");
  CLI::App* pruning =
      app.add_subcommand("prune", "what none of the named sweeps plans: shows it, and with --remove removes it");
  SweepsOptions sweeps;
  OwnStore own;
  sweeps.add_to(*pruning, "sweep files: what they plan stays, with --set exactly as it was run");
  pruning->add_option("--store", own.folder, "the folder of run files")->capture_default_str();
  pruning->add_flag("--remove", remove, "removes; without it nothing is changed");
  pruning->add_flag("--json", own.json, "for scripts");
  if (!parse(app, argc, argv)) return kDone;
  if (!pruning->parsed()) {
    for (const char* option : {"--set", "--presets"})
      if (app.count(option) && !app.count("--sweep"))
        throw UsageError(fmt::format("{} is for the sweeps of --sweep, and there is none", option));
    own.folder = folder;
    return list(own.open(), named, json), kDone;
  }
  if (app.count("--sweep") || app.count("--set") || app.count("--presets"))
    throw UsageError(
        "sweeps, --set and --presets stand behind `prune`: winnow store prune SWEEP... [--set KEY=VALUE] [--presets "
        "FOLDER]");
  if (app.count("--store")) {
    if (pruning->count("--store")) throw UsageError("the store is named twice");
    own.folder = folder;
  }
  return prune(own.open(), sweeps, remove, json || own.json);
}

}  // namespace winnow::cmd
