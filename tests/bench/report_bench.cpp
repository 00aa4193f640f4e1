// What a report of many runs costs: from run files, packed, from table.h5. On /dev/shm, so that no disk is measured.
//   bench-report [EXPERIMENTS]        writes that many run files first, 0.2 to 1 ms each
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <map>

#include "winnow/report/render.h"
#include "winnow/store/pack.h"

namespace {

using namespace winnow;

// 3 methods x 4 rates x 20 learning rates x seeds: tables of 3 rows and 80 columns.
std::string sweep_text(int experiments) {
  std::string text = R"(
name = "many"
[base]
dataset = "fashion-mnist"
model   = "nano-clip"
[[grid]]
method = ["cc", "proden", "crdpll"]
labels = [{ kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.3 }, { kind = "flip", rate = 0.5 }, { kind = "flip", rate = 0.7 }]
"train.lr" = [)";
  for (int i = 1; i <= 20; ++i) text += fmt::format("{}{:.4f}", i > 1 ? ", " : "", 1e-4 * i);
  text += "]\nseed = [0";
  for (int i = 1; i < std::max(1, experiments / 240); ++i) text += fmt::format(", {}", i);
  return text + "]\n";
}

void write_runs(const sweep::Plan& plan, store::Store& store, std::size_t part, std::size_t parts) {
  for (std::size_t i = part; i < plan.experiments(); i += parts) {
    store::RunContent run;
    run.stage = plan.stage(plan.cell_node(i));
    double accuracy = 0.5 + 0.3 * std::sin(static_cast<double>(i));
    std::vector<std::int64_t> epochs;
    std::vector<double> loss, curve;
    for (int epoch = 0; epoch < 10; ++epoch)
      epochs.push_back(epoch), loss.push_back(1.0 / (epoch + 1)), curve.push_back(accuracy * (epoch + 1) / 10);
    run.tables["metrics/epochs"] = {{"epoch", epochs}, {"loss", loss}, {"learning_rate", loss}, {"accuracy", curve}};
    run.tables["metrics/final"] = {{"epoch", std::vector<std::int64_t>{9}},
                                   {"loss", std::vector<double>{0.1}},
                                   {"accuracy", std::vector<double>{accuracy}},
                                   {"accuracy_best", std::vector<double>{accuracy}},
                                   {"epoch_best", std::vector<std::int64_t>{9}}};
    Identity identity = run.stage.identity();
    Path temporary = store.temporary_path(identity, 1);
    store::write_run_file(temporary, run, store::Sync::later);
    std::filesystem::rename(temporary, store.run_path(identity));
  }
}

// Says on a busy machine what the clock does not.
double processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <class Body>
void measure(const char* what, Body body) {
  auto start = std::chrono::steady_clock::now();
  double before = processor_time();
  std::string more = body();
  double used = processor_time() - before;
  fmt::print("{:34} {:8.3f} s, {:8.3f} s of this process  {}\n", what,
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), used, more);
}

// What `winnow report` does for a file of two tables, in every format, and what of it took how long.
std::string report_all(const Path& sweep_file, const store::Store& store) {
  std::map<const char*, double> seconds;
  auto timed = [&](const char* what, auto body) {
    double before = processor_time();
    auto result = body();
    seconds[what] += processor_time() - before;
    return result;
  };
  sweep::Plan plan = timed("plan", [&] {
    return sweep::Plan::read(sweep_file, sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'f')}}));
  });
  store::RunReader runs = timed("open", [&] { return store::RunReader(store); });
  std::size_t bytes = 0, done = 0;
  for (const char* metric : {"accuracy", "loss"}) {
    report::Metric wanted = report::Metric::named(metric);
    report::Results results = timed("results", [&] { return report::read_results(plan, runs, wanted); });
    report::Table table = timed("table", [&] { return report::build_table(plan, results, wanted); });
    bytes += timed("terminal, Markdown, LaTeX", [&] {
      return render_terminal(table, 120, true).size() + render_markdown(table).size() + render_latex(table).size();
    });
    bytes += timed("CSV", [&] { return render_csv(table).size(); });
    bytes += timed("JSON", [&] { return render_json(table).size(); });
    done += table.done;
  }
  std::string parts;
  for (const auto& [what, time] : seconds) parts += fmt::format("; {} {:.3f}", what, time);
  return fmt::format("{} values, {} bytes of tables, {} runs from table.h5, {} from files{}", done, bytes,
                     runs.from_table(), runs.from_files(), parts);
}

}  // namespace

int main(int argc, char** argv) {
  int experiments = argc > 1 ? std::atoi(argv[1]) : 10'000;
  Path folder = fmt::format("/dev/shm/winnow-report-bench-{}", ::getpid());
  make_folders(folder);
  Path file = folder / "many.toml";
  write_file_atomically(file, sweep_text(experiments));
  store::Store store(folder / "results");
  sweep::Plan plan = sweep::Plan::read(file, sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'f')}}));
  fmt::print("{} experiments\n", plan.experiments());
  measure("write run files (2 processes)", [&] {
    if (::fork() == 0) write_runs(plan, store, 1, 2), ::_exit(0);
    write_runs(plan, store, 0, 2);
    int status = 0;
    ::wait(&status);
    return std::string(status == 0 ? "" : "failed");
  });
  measure("plan", [&] {
    return fmt::format(
        "{} stages",
        sweep::Plan::read(file, sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'f')}})).nodes().size());
  });
  measure("values of all axes", [&] { return fmt::format("{} axes", plan.value_numbers().size()); });
  measure("two tables, five formats: files", [&] { return report_all(file, store); });
  measure("pack", [&] { return fmt::format("{} runs", store::pack(store).runs); });
  measure("pack again, nothing new", [&] { return fmt::format("{} read", store::pack(store).read); });
  fmt::print("{:34} {:8.1f} MB\n", "table.h5",
             static_cast<double>(std::filesystem::file_size(store::table_path(store.root()))) / 1e6);
  measure("two tables, five formats: table.h5", [&] { return report_all(file, store); });
  measure("again", [&] { return report_all(file, store); });
  std::filesystem::remove_all(folder);
}
