// winnow try: a few steps and one evaluation of each class of stage of a sweep, before hours are spent on it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <sstream>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "spoken_duration.h"
#include "stage_classes.h"
#include "stage_order.h"
#include "sweep_options.h"
#include "terminal.h"
#include "trainer_option.h"
#include "trial_places.h"
#include "trial_report.h"
#include "winnow/core/error.h"
#include "winnow/fleet/fleet.h"
#include "winnow/fleet/trial.h"
#include "winnow/store/listed_runs.h"

namespace winnow::cmd {

namespace {

volatile std::sig_atomic_t stop_asked = 0;

struct TryOptions {
  SweepOptions sweep;
  StoreOptions stores;
  TrainerOption trainer;
  std::string scratch, device = "auto";
  std::string gpu;  // that trials are computed on; empty: the CPU
  std::uint32_t trainers = 1;
  int threads = 1;
  bool from_scratch = false, json = false;
};

// What the line of one trial says while it runs: redrawn on a terminal.
class Line {
 public:
  explicit Line(bool json)
      : to_(json ? stderr : stdout), live_(!json && ::isatty(STDOUT_FILENO)),
        width_(static_cast<std::size_t>(std::max(terminal().width - 1, 20))) {}
  ~Line() { erase(); }

  void draw(std::string text) {
    if (!live_) return;
    if (text.size() > width_) text.resize(width_);
    fmt::print(to_, "\r\033[K{}", text);
    std::fflush(to_);
    drawn_ = true;
  }
  void print(const std::string& text) {
    erase();
    fmt::print(to_, "{}\n", text);
    std::fflush(to_);
  }

 private:
  void erase() {
    if (drawn_) std::fputs("\r\033[K", to_);
    drawn_ = false;
  }
  std::FILE* to_;
  bool live_, drawn_ = false;
  std::size_t width_;
};

// What `run` would execute: cells that are not done, and what they need.
std::vector<bool> to_run(const sweep::Plan& plan, const std::vector<bool>& done) {
  std::vector<bool> result(plan.nodes().size());
  for (std::size_t i = 0; i < plan.experiments(); ++i) result[plan.cell_node(i)] = true;
  for (std::size_t i = plan.nodes().size(); i-- > 0;) {
    if (done[i]) result[i] = false;
    if (result[i])
      for (std::uint32_t input : plan.nodes()[i].inputs) result[input] = true;
  }
  return result;
}

// Tries one stage after another; a stage that was tried can be the input of a later one.
class Trials {
 public:
  Trials(const TryOptions& options, const sweep::Plan& plan, const StageClasses& classes,
         const sweep::Catalogue& catalogue, TrialPlaces& places, Line& line)
      : options_(options), plan_(plan), classes_(classes), places_(places), line_(line),
        broken_(plan.nodes().size(), StageClasses::kNone), seen_(classes.all().size()),
        by_class_(classes.all().size()) {
    add_programs(catalogue, programs_);
  }

  // False: the user asked to stop.
  bool run() {
    std::size_t number = 0, total = classes_.to_try().size();
    for (std::uint32_t node : classes_.to_try()) {
      std::string begin = fmt::format("[{:>{}}/{}] ", ++number, std::to_string(total).size(), total);
      std::uint32_t own = classes_.of(node);
      ClassTrial trial = one(node, begin);
      if (stop_asked) return false;
      if (trial.state != ClassTrial::State::good && broken_[node] == StageClasses::kNone) broken_[node] = own;
      line_.print(begin + outcome_of(own, trial));
      // Several of a class were tried where they are inputs: one that fails speaks for all.
      if (!seen_[own] || by_class_[own].state == ClassTrial::State::good) by_class_[own] = std::move(trial);
      seen_[own] = true;
    }
    return true;
  }
  std::vector<ClassTrial> by_class() && { return std::move(by_class_); }

 private:
  ClassTrial one(std::uint32_t node, const std::string& begin) {
    std::uint32_t own = classes_.of(node);
    for (std::uint32_t input : plan_.nodes()[node].inputs)
      if (broken_[input] != StageClasses::kNone) {
        broken_[node] = broken_[input];
        return {ClassTrial::State::blocked,
                fmt::format("it needs '{}', which failed", classes_.all()[broken_[input]].name),
                "",
                "",
                {},
                0,
                0};
      }
    auto start = std::chrono::steady_clock::now();
    auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
    ClassTrial result;
    try {
      Stage stage = plan_.stage(node);
      const Identity& identity = plan_.nodes()[node].identity;
      fleet::TrialOrder order;
      order.trainer = options_.trainer.words();
      order.own_trainer = options_.trainer.own();
      order.threads = options_.threads;
      order.gpu = options_.gpu;
      order.stage = stage_order(stage, programs_);
      order.identity = identity.hex();
      order.data = places_.data(stage);
      order.inputs = places_.inputs(stage);
      order.output = places_.output(identity);
      auto stop = [&] {
        line_.draw(fmt::format("{}{}  {}", begin, classes_.all()[own].name, spoken_duration(std::floor(elapsed()))));
        return stop_asked != 0;
      };
      fleet::TrialEnd end = fleet::try_stage(order, stop);
      result.memory = end.memory;
      result.device_memory = end.device_memory;
      if (end.stopped) return result;
      if (end.failure.empty()) {
        result.times = StageTimes::from(end.measured);
      } else {
        result.state = ClassTrial::State::failed;
        result.failure = end.failure;
        result.failure_class = end.failure_class;
        result.log = end.log;
      }
    } catch (const DataError& error) {  // of this machine's data, weights or inputs: other classes may have theirs
      result.state = ClassTrial::State::failed;
      result.failure = error.what();
      result.failure_class = "user";
    }
    result.tried_in = elapsed();
    return result;
  }

  std::string outcome_of(std::uint32_t own, const ClassTrial& trial) const {
    const std::string& name = classes_.all()[own].name;
    if (trial.state == ClassTrial::State::failed) return fmt::format("FAILED {}: {}", name, trial.failure);
    if (trial.state == ClassTrial::State::blocked) return fmt::format("not tried: {}: {}", name, trial.failure);
    return fmt::format("{}  ok  ({})", name, spoken_duration(trial.tried_in));
  }

  const TryOptions& options_;
  const sweep::Plan& plan_;
  const StageClasses& classes_;
  Programs programs_;
  TrialPlaces& places_;
  Line& line_;
  std::vector<std::uint32_t> broken_;  // by node: the class whose failure keeps it from running
  std::vector<bool> seen_;
  std::vector<ClassTrial> by_class_;
};

int execute(const TryOptions& options) {
  sweep::Plan plan = options.sweep.plan_to_run();
  store::Store store = options.from_scratch ? store::Store(options.stores.store) : options.stores.open();
  store::ListedRuns results(store);
  std::vector<bool> done;
  for (const sweep::Node& node : plan.nodes()) done.push_back(results.find(node.identity).has_value());
  StageClasses classes(plan, to_run(plan, done));
  auto finished = static_cast<std::size_t>(std::count(done.begin(), done.end(), true));
  std::size_t open = 0;
  for (const StageClass& own : classes.all()) open += own.members.size();
  Line line(options.json);
  line.print(fmt::format(
      "{}: {} of {} stages are done, {} to run in {} classes; of each a few steps and an evaluation are tried",
      plan.name(), finished, plan.nodes().size(), open, classes.all().size()));
  if (open > 0) options.trainer.require();

  for (int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, [](int) { stop_asked = 1; });
  TrialFolder folder(options.scratch.empty() ? std::filesystem::temp_directory_path() : Path(options.scratch));
  sweep::Catalogue catalogue = options.sweep.catalogue();
  auto preparing = [&](std::string_view what, double share) {
    line.draw(fmt::format("{} {:.0f} %", what, 100 * share));
  };
  TrialPlaces places(store, folder, catalogue, preparing);
  Trials trials(options, plan, classes, catalogue, places, line);
  if (!trials.run()) {
    line.print("stopped on request; nothing was kept");
    return kDrained;
  }
  TrialReport report(plan, classes, std::move(trials).by_class(), finished, options.trainers);
  if (options.json) fmt::print("{}\n", report.json().dump(2));
  else if (open > 0) fmt::print("\n{}", report.text());
  else fmt::print("everything is done\n");
  return report.all_good() ? kDone : kSomeFailed;
}

}  // namespace

int try_out(int argc, char** argv) {
  Command app(
      "try",
      "Executes a few steps and one evaluation of each class of stage of a sweep, on the real data and weights, and "
      "tells what\n"
      "fails and what the whole will take. Stages are of one class when they differ in seeds, rates, numbers of epochs "
      "and the\n"
      "like alone: what is loaded and how much a step computes is the same. A later stage gets what the tried earlier "
      "stage\n"
      "gave. Nothing is kept: a trial is no result, and no store takes it for one.\n"
      "Steps are tried of the first epoch and of the last one, where methods have warmed up; of a pass over a split "
      "the first\n"
      "500 samples are computed, and the rest is extrapolated. Images beyond those are not opened. A learning rate at "
      "which a\n"
      "method diverges is found where the class that is tried has it. A stage of several processes is tried in one.\n"
      "Exit codes: 0 all classes work, 1 broken, 2 wrong usage, 3 some classes failed, 4 stopped on request.",
      "  winnow try sweeps/partialclip/table-1.toml\n"
      "  winnow try sweep.toml --trainers 4               how long with four trainers?\n"
      "  winnow try sweep.toml --json | python3 -m json.tool\n");
  TryOptions options;
  options.sweep.add_to(app);
  options.stores.add_to(app);
  app.add_option("--trainers", options.trainers, "estimate the time of the sweep for so many trainers")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "threads of the trainer, as for winnow run")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--device", options.device, "where: cuda, cpu, or auto, as for winnow run")->capture_default_str();
  app.add_flag("--from-scratch", options.from_scratch,
               "read no reference store: try everything that would be computed here");
  app.add_option("--scratch", options.scratch,
                 "a folder for what trials hand on, removed afterwards (default: that of temporary files)");
  options.trainer.add_to(app);
  app.add_flag("--json", options.json, "the outcome as JSON on standard output, progress on standard error");
  if (!parse(app, argc, argv)) return kDone;
  fleet::Options device;
  device.devices = fleet::devices().parse(options.device);
  device.own_trainer = options.trainer.own();
  options.gpu = fleet::room_here(device).first_gpu;
  return execute(options);
}

}  // namespace winnow::cmd
