// winnow report: the benchmark table of a sweep, from the run files that are there.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "report_page.h"
#include "sweep_options.h"
#include "terminal.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"
#include "winnow/report/claims.h"
#include "winnow/report/gpu_hours.h"
#include "winnow/report/render.h"
#include "winnow/report/required_device.h"

namespace winnow::cmd {

namespace {

void print_where(const StoreOptions& stores) {
  std::string where = (Path(stores.store) / "runs").string();
  for (const Path& folder : stores.read_only()) where += " and " + (folder / "runs").string();
  fmt::print("run files: {}\n", where);
}

// From the journal, which no table depends on.
void print_gpu_hours(const sweep::Plan& plan, const store::Store& store) {
  try {
    fleet::GpuTime gpus = gpu_time_of(plan, store);
    if (gpus.seconds > 0) fmt::print("GPU-hours: {}\n", report::gpu_hours(gpus.seconds, gpus.in_vain));
  } catch (const DataError& error) {
    fmt::print(stderr, "winnow report: GPU-hours are not known: {}\n", error.what());
  }
}

Path write_page(const report::Page& page, const store::Store& store) {
  Path file = store.root() / "reports" / page.name / "index.html";
  make_folders(file.parent_path());
  write_file_atomically(file, report::render_html(page));
  return file;
}

const std::vector<std::string> kFormats = {"terminal", "markdown", "latex", "csv", "json"};

struct ReportOptions {
  SweepOptions sweep;
  StoreOptions stores;
  std::string metric = "accuracy", rule = "last", format = "terminal", definitions, device;
  bool html = false, ranks = false;
};

void print_ranks(const report::Table& table) {
  std::optional<report::Ranking> ranking = report::rank(table);
  if (ranking) fmt::print("\n{}: {}", printable(table.name), report::rank_diagram_text(*ranking));
  else fmt::print("\n{}: no ranks: they need two rows and two columns without a missing cell\n", printable(table.name));
}

std::vector<report::Table> tables_of(const ReportOptions& options, const sweep::Plan& plan, store::RunReader& runs) {
  if (!options.definitions.empty())
    return report::build_tables(plan, runs, report::read_definitions(options.definitions));
  report::Metric metric = report::Metric::named(options.metric, report::parse_rule(options.rule));
  return {report::build_table(plan, report::read_results(plan, runs, metric), metric)};
}

// About speed and no number, so not part of the report itself.
void warn_of_tables(const store::RunReader& runs) {
  for (const std::string& why : runs.unused_tables())
    fmt::print(stderr, "winnow report: not used, so this took longer: {}; `winnow pack` makes it anew\n", why);
  constexpr std::size_t kMany = 2000;  // about a second
  if (runs.unused_tables().empty() && runs.from_files() > kMany)
    fmt::print(
        stderr,
        "winnow report: {} run files were read one by one; after `winnow pack` reports take them from one file\n",
        runs.from_files());
}

std::string render(const report::Table& table, const std::string& format) {
  if (format == "csv") return report::render_csv(table);
  if (format == "json") return report::render_json(table);
  if (format == "markdown") return report::render_markdown(table);
  if (format == "latex") return report::render_latex(table);
  Terminal screen = terminal();
  return report::render_terminal(table, screen.width, screen.colour);
}

}  // namespace

int report(int argc, char** argv) {
  Command app(
      "report",
      "Prints the benchmark table of a sweep. Every planned cell is there: what is missing is shown, not left out.",
      "  winnow report sweeps/quickstart.toml\n"
      "  winnow report sweeps/quickstart.toml --table analysis/quickstart.toml   the tables that a file defines, with "
      "published numbers\n"
      "  winnow report sweeps/quickstart.toml --rule best --format latex\n"
      "  winnow report sweeps/quickstart.toml --format csv > samples.csv         one row an experiment\n"
      "  winnow report sweeps/quickstart.toml --html                             one page: tables, curves, what the "
      "cluster did\n");
  ReportOptions options;
  options.sweep.add_to(app);
  options.stores.add_to(app);
  app.add_option("--format", options.format, fmt::format("{}", fmt::join(kFormats, ", ")))->capture_default_str();
  app.add_option("--table", options.definitions, "a file of table definitions; analysis/README.md is its language");
  app.add_option("--metric", options.metric,
                 "a column of metrics/final; STAGE.COLUMN for an earlier stage, like detect.selection_f1")
      ->capture_default_str();
  app.add_option("--rule", options.rule, "last, best or validation: which epoch's value")->capture_default_str();
  app.add_option("--require-device", options.device,
                 "refuses results of devices whose kind does not hold these words (\"cpu\", \"H200\")");
  app.add_flag("--ranks", options.ranks,
               "average ranks, Friedman's test and Nemenyi's critical difference over the table's columns");
  app.add_flag("--html", options.html, "writes <store>/reports/<sweep>/index.html as well, and says where");
  if (!parse(app, argc, argv)) return kDone;
  if (std::find(kFormats.begin(), kFormats.end(), options.format) == kFormats.end())
    throw UsageError(fmt::format("report: unknown format '{}'{}: expected {}", options.format,
                                 did_you_mean(options.format, kFormats), fmt::join(kFormats, ", ")));

  sweep::Plan plan = options.sweep.plan();
  store::Store store = options.stores.open_to_read();
  store::RunReader runs(store);
  if (!options.device.empty()) report::require_device(plan, runs, options.device);
  std::vector<report::Table> tables = tables_of(options, plan, runs);
  std::vector<report::Judgement> claims = report::judge(plan, runs);
  Path page;  // before anything is printed: when the reader of a pipe has seen enough, the program ends
  if (options.html)
    page = write_page(page_of(plan, options.sweep.catalogue(), store, runs, options.sweep.file, tables, claims), store);
  for (const report::Table& table : tables)
    fmt::print("{}{}", &table == &tables.front() ? "" : "\n", render(table, options.format));
  if (options.format == "terminal") {
    if (options.ranks)
      for (const report::Table& table : tables) print_ranks(table);
    std::string judged = report::render_claims(claims, terminal().colour);
    fmt::print("{}{}", judged.empty() ? "" : "\n", judged);
    print_where(options.stores);
    print_gpu_hours(plan, store);
  } else if (options.format == "markdown" && !claims.empty()) {
    fmt::print("\n{}", report::render_claims_markdown(claims));
  } else if (options.format == "json" && !claims.empty()) {
    fmt::print("\n{}", report::render_claims_json(claims));
  }
  if (options.html) fmt::print("page: {}\n", page.string());
  warn_of_tables(runs);
  return kDone;
}

}  // namespace winnow::cmd
