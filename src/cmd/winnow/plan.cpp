// winnow plan: what a sweep expands to, before anything runs.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "arguments.h"
#include "byte_size.h"
#include "commands.h"
#include "disk_estimate.h"
#include "outcome.h"
#include "shown.h"
#include "spoken_duration.h"
#include "stage_order.h"
#include "sweep_options.h"
#include "time_estimate.h"
#include "winnow/core/counted.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"
#include "winnow/store/listed_runs.h"

namespace winnow::cmd {

namespace {

// Methods with their numbers of experiments, then one line an axis: its values.
void print_axes(const sweep::Plan& plan) {
  constexpr std::size_t kMost = 20;
  std::size_t wide = 6;
  std::string methods;
  for (const auto& [method, count] : plan.methods())
    methods += fmt::format("{}{} ({})", methods.empty() ? "" : ", ", method, count);
  for (const std::string& axis : plan.axes()) wide = std::max(wide, axis.size());
  fmt::print("  {:{}}  {}\n", "method", wide, methods);
  for (const std::string& axis : plan.axes()) {
    if (axis == "method") continue;
    std::vector<Value> values = plan.values(axis);
    std::string line;
    for (std::size_t i = 0; i < std::min(values.size(), kMost); ++i) line += (i ? ", " : "") + shown(values[i]);
    if (values.size() > kMost) line += fmt::format(", ... {} ({} values)", shown(values.back()), values.size());
    fmt::print("  {:{}}  {}\n", axis, wide, line);
  }
}

struct Progress {
  std::size_t done = 0, planned = 0, to_run = 0;
  std::uint32_t narrowest = 64, widest = 1;  // processes that execute one
  std::size_t used = 0;                      // how often these stages yield a cell or an input of another stage
};

// By the recipe's name for the stage, in the order of the graph.
std::vector<std::pair<std::string, Progress>> progress(const sweep::Plan& plan, const std::vector<bool>& done) {
  std::vector<std::pair<std::string, Progress>> result;
  std::vector<std::size_t> used(plan.nodes().size());
  std::vector<bool> to_run = plan.needed(done);
  for (std::size_t i = 0; i < plan.experiments(); ++i) ++used[plan.cell_node(i)];
  for (const sweep::Node& node : plan.nodes())
    for (std::uint32_t input : node.inputs) ++used[input];
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    std::string label(plan.nodes()[i].label);
    auto found = std::find_if(result.begin(), result.end(), [&](const auto& entry) { return entry.first == label; });
    if (found == result.end()) found = result.insert(result.end(), {label, {}});
    ++found->second.planned;
    found->second.used += used[i];
    found->second.narrowest = std::min(found->second.narrowest, plan.nodes()[i].width);
    found->second.widest = std::max(found->second.widest, plan.nodes()[i].width);
    if (done[i]) ++found->second.done;
    if (to_run[i]) ++found->second.to_run;
  }
  return result;
}

void print_missing(const sweep::Plan& plan) {
  if (plan.missing().empty()) return;
  auto open =
      std::count_if(plan.nodes().begin(), plan.nodes().end(), [](const sweep::Node& node) { return node.open; });
  fmt::print(
      "\nnot on this machine, and needed by {} of these stages: whether they are done is not known, and `winnow run` "
      "wants it first\n",
      open);
  for (const sweep::Missing& missing : plan.missing()) {
    fmt::print("  {} ({})\n", missing.what, missing.where);
    if (!missing.first.empty()) fmt::print("    {}, then\n", missing.first);
    fmt::print("    {}\n", missing.command);
  }
}

DiskEstimate disk_of(const sweep::Plan& plan, const store::Store& store, const std::vector<bool>& done) {
  store::ListedRuns results(store);
  return disk_estimate(plan, done, [&](std::uint32_t node) -> std::optional<std::uint64_t> {
    std::error_code gone;
    std::optional<Path> file = results.find(plan.nodes()[node].identity, false);
    std::uint64_t size = file ? std::filesystem::file_size(*file, gone) : 0;
    return file && !gone ? std::optional(size) : std::nullopt;
  });
}

// Where the store lies, or will lie.
std::optional<std::uint64_t> free_bytes(const store::Store& store) {
  std::error_code failed;
  Path folder = std::filesystem::absolute(store.root(), failed);
  while (!std::filesystem::exists(folder, failed) && folder.has_relative_path()) folder = folder.parent_path();
  std::filesystem::space_info space = std::filesystem::space(folder, failed);
  return failed ? std::nullopt : std::optional<std::uint64_t>(space.available);
}

void print_disk(const sweep::Plan& plan, const store::Store& store, const std::vector<bool>& done) {
  DiskEstimate disk = disk_of(plan, store, done);
  if (disk.to_run == 0) return;
  std::size_t known = disk.to_run - disk.unknown;
  std::string line;
  if (known == 0)
    line = fmt::format("disk for the {} to run: not known, because none like {} is done yet",
                       disk.to_run == 1 ? "stage" : fmt::format("{} stages", disk.to_run),
                       disk.to_run == 1 ? "it" : "them");
  else
    line = fmt::format("disk for {} of the {} to run: about {}, as run files of stages like them are{}", known,
                       disk.to_run, byte_size(disk.bytes), disk.unknown ? "; none like the others is done yet" : "");
  std::optional<std::uint64_t> free = free_bytes(store);
  fmt::print("{}{}\n", line, free ? fmt::format("; {} are free", byte_size(*free)) : "");
  if (free && disk.bytes > *free)
    fmt::print("note: that is more than is free; `winnow store {}` says what takes the space\n", store.root().string());
}

// Of stages whose identities are known and not done: the others may be done.
void print_time(const sweep::Plan& plan, const store::Store& store, const std::vector<bool>& done) {
  TimeEstimate time = time_estimate(plan, done, fleet::durations(store.root()));
  std::size_t known = time.to_run - time.unknown;
  if (known == 0) return;
  fmt::print(
      "time for {} of the {} to run: about {} of one slot, as stages like them took ({}){}; on 8 slots {}, on 64 {}\n",
      known, time.to_run, spoken_duration(time.seconds), counted(time.measured, "stage"),
      time.unknown ? "; none like the others has run yet" : "", spoken_duration(time.makespan(8)),
      spoken_duration(time.makespan(64)));
}

void print_plan(const sweep::Plan& plan, const store::Store& store, const std::vector<bool>& done) {
  fmt::print("{}: {}\n\n{}\n", plan.name(), printable(plan.question()), counted(plan.experiments(), "experiment"));
  print_axes(plan);
  fmt::print("\n{}\n", counted(plan.nodes().size(), "stage"));
  for (const auto& [label, entry] : progress(plan, done)) {
    std::string shared = entry.used > entry.planned ? fmt::format(", used {} times", entry.used) : "";
    std::string gang = entry.widest == 1 ? ""
                       : entry.narrowest < entry.widest
                           ? fmt::format("; {} to {} processes each", entry.narrowest, entry.widest)
                           : fmt::format("; {} processes each", entry.widest);
    fmt::print("  {:9} {} planned{}, {} done, {} to run{}\n", label, entry.planned, shared, entry.done, entry.to_run,
               gang);
  }
  std::size_t finished = static_cast<std::size_t>(std::count(done.begin(), done.end(), true));
  fmt::print("\n{} of {} stages are done in {}\n", finished, done.size(), store.root().string());
  print_time(plan, store, done);
  print_disk(plan, store, done);
  print_missing(plan);
  for (const std::string& note : notes_on(plan)) fmt::print("note: {}\n", note);
}

// Open identities are not shown: only this plan knows them.
Value identity_json(const sweep::Node& node) { return node.open ? Value() : Value(node.identity.hex()); }

// What of an open stage is not known: null.
void close_holes(const sweep::Plan& plan, std::uint32_t node, Value& entry) {
  for (auto& [name, digest] : entry["fingerprints"].items())
    if (digest.get<std::string>().starts_with(kOpen)) digest = nullptr;
  entry["fingerprints"].erase("inputs");
  for (auto& [name, input] : entry["inputs"].items())
    for (std::uint32_t earlier : plan.nodes()[node].inputs)
      if (plan.nodes()[earlier].open && input["stage"] == plan.nodes()[earlier].identity.hex())
        input["stage"] = nullptr;
}

// Written piece by piece: a large sweep's text is larger than its plan.
void print_json(const sweep::Plan& plan, const Programs& programs, const store::Store& store,
                const std::vector<bool>& done) {
  Value missing = Value::array();
  for (const sweep::Missing& entry : plan.missing())
    missing.push_back(
        {{"what", entry.what}, {"first", entry.first}, {"command", entry.command}, {"where", entry.where}});
  fmt::print("{{\"name\":{},\"question\":{},\"axes\":{},\"notes\":{},\"missing\":{},\n\"experiments\":[",
             Value(plan.name()).dump(), Value(plan.question()).dump(), Value(plan.axes()).dump(),
             Value(notes_on(plan)).dump(), missing.dump());
  for (std::size_t i = 0; i < plan.experiments(); ++i) {
    std::uint32_t cell = plan.cell_node(i);
    Value entry = {{"settings", plan.settings(i).all()}, {"stage", identity_json(plan.nodes()[cell])}, {"index", cell}};
    fmt::print("{}\n{}", i ? "," : "", entry.dump());
  }
  fmt::print("],\n\"stages\":[");
  for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) {
    Value entry = stage_order(plan.stage(i), programs);
    if (plan.nodes()[i].open) close_holes(plan, i, entry);
    entry["label"] = plan.nodes()[i].label;
    entry["done"] = static_cast<bool>(done[i]);
    entry["width"] = plan.nodes()[i].width;
    fmt::print("{}\n{}", i ? "," : "", entry.dump());
  }
  DiskEstimate disk = disk_of(plan, store, done);
  Value shown_disk = {
      {"bytes", disk.bytes}, {"to_run", disk.to_run}, {"not_counted", disk.unknown}, {"measured", disk.measured}};
  TimeEstimate time = time_estimate(plan, done, fleet::durations(store.root()));
  Value shown_time = {{"seconds", time.seconds},
                      {"longest", time.longest},
                      {"to_run", time.to_run},
                      {"not_counted", time.unknown},
                      {"measured", time.measured}};
  fmt::print("],\n\"time\":{},\"disk\":{}}}\n", shown_time.dump(), shown_disk.dump());
}

// Every value of a key, the level that set it, and in how many experiments.
void explain(const sweep::Plan& plan, const std::string& key) {
  std::vector<std::pair<std::string, std::size_t>> lines;
  std::set<std::string> known;
  for (std::size_t i = 0; i < plan.experiments(); ++i)
    for (const sweep::Explained& entry : plan.explain(i)) {
      known.insert(entry.key);
      if (entry.key != key) continue;
      std::string line = fmt::format("{} = {:12} {} ({})", key, entry.value.dump(), entry.level, entry.where);
      auto found = std::find_if(lines.begin(), lines.end(), [&](const auto& other) { return other.first == line; });
      if (found == lines.end()) lines.emplace_back(line, 1);
      else ++found->second;
    }
  if (lines.empty())
    throw UsageError(fmt::format("--explain: no experiment has a setting '{}'{}", key,
                                 did_you_mean(key, {known.begin(), known.end()})));
  for (const auto& [line, count] : lines) fmt::print("{}, {}\n", line, counted(count, "experiment"));
}

}  // namespace

int plan(int argc, char** argv) {
  Command app("plan",
              "Shows what a sweep expands to: its experiments, the stages that they share, and what is already done.\n"
              "Refuses whatever `winnow run` would refuse, but for data and weights that are not on this machine: it "
              "lists them with the commands\n"
              "that bring them. Opens no image and starts nothing. Time and disk are estimated from stages like "
              "those to run\n"
              "that have run (`winnow simulate` says more of the time);\n"
              "checkpoints of what runs come on top. `winnow method list` shows the methods, `winnow "
              "model list` and `winnow data list`\n"
              "models and data sets; --explain says of any key what it may be and who set it.",
              "  winnow plan sweeps/quickstart.toml\n"
              "  winnow plan sweeps/quickstart.toml --set train.epochs=1 --set adapt=linear-probe\n"
              "  winnow plan sweeps/quickstart.toml --explain train.lr      who set it?\n"
              "  winnow plan sweeps/quickstart.toml --json | python3 -m json.tool\n");
  SweepOptions sweep;
  StoreOptions stores;
  std::string key;
  bool json = false;
  sweep.add_to(app);
  stores.add_to(app);
  app.add_option("--explain", key, "show for this setting which level set each value, with file and line");
  app.add_flag("--json", json, "experiments and stages, for scripts");
  if (!parse(app, argc, argv)) return kDone;

  sweep::Plan plan = sweep.plan_with_holes();
  if (!key.empty()) return explain(plan, key), kDone;
  store::Store store = stores.open();
  store::ListedRuns results(store);
  std::vector<bool> done;
  for (const sweep::Node& node : plan.nodes())
    done.push_back(!node.open && results.find(node.identity, false).has_value());
  if (!json) return print_plan(plan, store, done), kDone;
  Programs programs;
  add_programs(sweep.catalogue(), programs);
  print_json(plan, programs, store, done);
  return kDone;
}

}  // namespace winnow::cmd
