// winnow report: the benchmark table of a sweep, from the run files that are there.
#include <fmt/format.h>

#include <cstdio>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "report_page.h"
#include "sweep_options.h"
#include "terminal.h"
#include "winnow/core/error.h"
#include "winnow/report/render.h"

namespace winnow::cmd {

namespace {

void print_where(const StoreOptions& stores) {
  std::string where = (Path(stores.store) / "runs").string();
  for (const Path& folder : stores.read_only()) where += " and " + (folder / "runs").string();
  fmt::print("run files: {}\n", where);
}

void write_page(const report::Page& page, const store::Store& store) {
  Path file = store.root() / "reports" / page.name / "index.html";
  make_folders(file.parent_path());
  write_file_atomically(file, report::render_html(page));
  fmt::print("page: {}\n", file.string());
}

}  // namespace

int report(int argc, char** argv) {
  Command app("report", "Prints the benchmark table of a sweep. Every planned cell is there: what is missing is shown, not left out.",
              "  winnow report sweeps/quickstart.toml\n"
              "  winnow report sweeps/quickstart.toml --rule best --format markdown\n"
              "  winnow report sweeps/quickstart.toml --format csv > samples.csv     one row an experiment\n"
              "  winnow report sweeps/quickstart.toml --html                          one page: tables, curves, what the cluster did\n");
  SweepOptions sweep;
  StoreOptions stores;
  report::Metric metric;
  std::string rule = "last", format = "terminal";
  sweep.add_to(app);
  stores.add_to(app);
  app.add_option("--format", format, "terminal, markdown, csv or json")->capture_default_str();
  app.add_option("--metric", metric.name, "a column of metrics/final")->capture_default_str();
  app.add_option("--rule", rule, "last or best epoch")->capture_default_str();
  bool html = false;
  app.add_flag("--html", html, "writes <store>/reports/<sweep>/index.html as well, and says where");
  if (!parse(app, argc, argv)) return kDone;
  if (format != "terminal" && format != "markdown" && format != "csv" && format != "json")
    throw UsageError(fmt::format("report: unknown format '{}'{}: expected terminal, markdown, csv or json", format,
                                 did_you_mean(format, {"terminal", "markdown", "csv", "json"})));
  metric.rule = report::parse_rule(rule);

  sweep::Plan plan = sweep.plan();
  store::Store store = stores.open();
  report::Table table = report::build_table(plan, report::read_results(plan, store, metric), metric);
  if (format == "csv") fmt::print("{}", report::render_csv(table));
  if (format == "json") fmt::print("{}", report::render_json(table));
  if (format == "markdown") fmt::print("{}", report::render_markdown(table));
  if (format != "terminal") return kDone;
  Terminal screen = terminal();
  fmt::print("{}", report::render_terminal(table, screen.width, screen.colour));
  print_where(stores);
  if (html) write_page(page_of(plan, store, sweep.file, {table}, {}), store);
  return kDone;
}

}  // namespace winnow::cmd
