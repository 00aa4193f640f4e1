// winnow show: one run file, or the state of every experiment of a sweep.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "arguments.h"
#include "commands.h"
#include "found_run.h"
#include "label_list.h"
#include "label_noise.h"
#include "outcome.h"
#include "shot_list.h"
#include "shown.h"
#include "sweep_options.h"
#include "utc_time.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"
#include "winnow/store/listed_runs.h"

namespace winnow::cmd {

namespace {

constexpr std::int64_t kMostColumns = 20;  // of a confusion that is shown whole
constexpr std::size_t kMostPairs = 10;

std::vector<double> reals(const store::Column& column) {
  return std::visit([](const auto& values) { return std::vector<double>(values.begin(), values.end()); },
                    column.values);
}

// A curve in one line: eight heights between its lowest and highest value, then both and the last one.
std::string curve(const std::vector<double>& values) {
  static const char* const kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::size_t kMost = 60;
  auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::string text;
  std::size_t shown_values = std::min(values.size(), kMost);
  for (std::size_t i = 0; i < shown_values; ++i) {
    double value = values[i * values.size() / shown_values];
    double height = *high > *low ? (value - *low) / (*high - *low) * 7 : 0;
    text += std::isfinite(value) ? kHeights[static_cast<int>(std::isfinite(height) ? height : 0)] : "?";
  }
  return fmt::format("{}  {:.4g} to {:.4g}, last {:.4g}", text, *low, *high, values.back());
}

// How the given labels differ from the true ones: their share, and whom the wrong ones were taken for.
void show_confusion(const store::Table& confusion) {
  LabelNoise noise = noise_of(confusion);
  if (noise.samples == 0) return;
  fmt::print("\ngiven labels\n  {} of {} differ from the true ones: {:.2f} %\n", noise.wrong, noise.samples,
             100 * noise.rate());
  if (noise.classes <= kMostColumns) {
    std::size_t width = std::max<std::size_t>(6, fmt::format("{}", noise.samples).size() + 1);
    fmt::print("  true\\given");
    for (std::int64_t c = 0; c < noise.classes; ++c) fmt::print("{:>{}}", c, width);
    fmt::print("\n");
    for (std::int64_t y = 0; y < noise.classes; ++y) {
      fmt::print("  {:10}", y);
      for (std::int64_t c = 0; c < noise.classes; ++c) fmt::print("{:>{}}", noise.count(y, c), width);
      fmt::print("\n");
    }
    return;
  }
  std::vector<LabelNoise::Pair> most = noise.most_frequent_wrong(kMostPairs);
  fmt::print("  the most frequent of {} wrong pairs (all: --json):\n", noise.wrong_pairs());
  for (const auto& [truth, given, count] : most) fmt::print("  {:>6} given as {:<6} {:>8}\n", truth, given, count);
}

Value confusion_json(const store::Table& confusion) {
  LabelNoise noise = noise_of(confusion);
  Value pairs = Value::array();
  for (const auto& [truth, given, count] : noise.pairs) pairs.push_back({truth, given, count});
  return {{"samples", noise.samples}, {"wrong", noise.wrong}, {"rate", noise.rate()}, {"pairs", std::move(pairs)}};
}

Value table_json(const store::Table& table) {
  Value result = Value::object();
  for (const store::Column& column : table)
    std::visit([&](const auto& values) { result[column.name] = values; }, column.values);
  return result;
}

void show_run_json(const Path& file, const store::RunContent& run) {
  Value tables = Value::object();
  for (const auto& [name, table] : run.tables) tables[name] = table_json(table);
  const store::Provenance& from = run.provenance;
  Value all = {{"file", file.string()},
               {"stage", to_json(run.stage)},
               {"result_digest", store::verify_run_file(file).result_digest.hex()},
               {"tables", std::move(tables)},
               {"metrics", Value::parse(store::metric_kinds_text(run.metrics))},
               {"log", run.log},
               {"provenance",
                {{"code_version", from.code_version},
                 {"host", from.host},
                 {"device", from.device},
                 {"libraries", from.libraries},
                 {"threads", from.threads},
                 {"width", from.width},
                 {"attempt", from.attempt},
                 {"start", from.start},
                 {"end", from.end},
                 {"image_wait", from.image_wait},
                 {"features_read", from.features_read},
                 {"chunk", from.chunk},
                 {"earlier_chunks", from.earlier_chunks}}}};
  if (!run.confusion.empty()) all["given_labels"] = confusion_json(run.confusion);  // pairs: true, given, how often
  fmt::print("{}\n", all.dump(1, ' ', false, Value::error_handler_t::replace));
}

void show_run(const Path& file, bool json) {
  store::RunHeader header = store::verify_run_file(file);
  store::RunContent run = store::read_run_file(file, false);
  if (json) return show_run_json(file, run);
  const store::Provenance& from = run.provenance;
  std::string libraries;
  for (const auto& [name, version] : from.libraries) libraries += fmt::format(", {} {}", name, version);
  fmt::print("{} {}\nfile      {} ({} bytes, verified)\nresult    {}\n", to_string(run.stage.kind),
             header.identity.hex(), file.string(), header.bytes, header.result_digest.hex());
  std::string chunks = from.chunk > 0 ? fmt::format(", chunks of {}", from.chunk) : "";
  for (std::int64_t earlier : from.earlier_chunks)
    chunks += earlier > 0 ? fmt::format(", before it was resumed chunks of {}", earlier)
                          : ", before it was resumed all rows at once";
  fmt::print("computed  {}, {:.1f} s, attempt {} on {} ({}, threads {}, width {}{})\ncode      {}{}\n",
             utc_time(from.start), from.end - from.start, from.attempt, printable(from.host), printable(from.device),
             from.threads, from.width, chunks, printable(from.code_version), printable(libraries));
  if (from.image_wait > 0 && from.end > from.start)
    fmt::print("images    waited for {:.1f} s, {:.0f} % of the stage; `--loaders N` makes them ahead\n",
               from.image_wait, 100 * from.image_wait / (from.end - from.start));
  if (from.features_read > 0)
    fmt::print("features  {} rows of frozen towers were read from this machine's cache, not computed again\n",
               from.features_read);
  for (const auto& [name, input] : run.stage.inputs)
    fmt::print("input     {}: {} of {}\n", name, to_string(input.output), input.stage.hex());
  for (const auto& [name, digest] : run.stage.fingerprints) fmt::print("content   {}: {}\n", name, digest);
  fmt::print("\nsettings (* not the declared default)\n");
  for (const auto& [key, value] : run.stage.settings.all())
    fmt::print("{} {:20} {}\n", run.stage.defaulted.count(key) ? " " : "*", key, shown(value));
  show_confusion(run.confusion);
  fmt::print("\nfinal metrics\n");
  for (const store::Column& column : run.tables["metrics/final"])
    if (std::vector<double> values = reals(column); !values.empty())
      fmt::print("  {:20} {:.6g}\n", printable(column.name), values[0]);
  if (auto members = run.tables.find("metrics/members"); members != run.tables.end()) {
    fmt::print("\nby member\n");
    for (const store::Column& column : members->second)
      if (std::vector<double> values = reals(column); !values.empty() && column.name != "member")
        fmt::print("  {:20} {:.6g}\n", printable(column.name), fmt::join(values, "  "));
  }
  fmt::print("\nby epoch\n");
  for (const store::Column& column : run.tables["metrics/epochs"])
    if (std::vector<double> values = reals(column); !values.empty() && column.name != "epoch")
      fmt::print("  {:20} {}\n", printable(column.name), curve(values));
}

void show_sweep(const sweep::Plan& plan, const store::Store& store, bool json) {
  Value list = Value::array();
  store::ListedRuns results(store);
  for (std::size_t i = 0; i < plan.experiments(); ++i) {
    Identity identity = plan.nodes()[plan.cell_node(i)].identity;
    std::optional<Path> file = results.find(identity);
    Settings settings = plan.settings(i);
    std::string axes;
    Value values = Value::object();
    for (const std::string& axis : plan.axes())
      if (settings.has(axis))
        axes += fmt::format("  {}={}", axis, shown(settings.at(axis))), values[axis] = settings.at(axis);
    if (json)
      list.push_back({{"axes", values},
                      {"identity", identity.hex()},
                      {"done", file.has_value()},
                      {"file", file ? Value(file->string()) : Value()}});
    else
      fmt::print("{:7} {}{}{}\n", file ? "done" : "missing", identity.hex(), axes, file ? "  " + file->string() : "");
  }
  if (json) fmt::print("{}\n", list.dump(1, ' ', false, Value::error_handler_t::replace));
}

}  // namespace

int show(int argc, char** argv) {
  Command app(
      "show", "Shows a run file (provenance, settings, metrics), or the state of every experiment of a sweep.",
      "  winnow show sweeps/quickstart.toml      each experiment: done or missing, its identity, its run file\n"
      "  winnow show c6113e05                    the run whose identity begins so\n"
      "  winnow show results/runs/c6/c6113e05cf6452815b32251a3d23e4a6.h5 --json\n"
      "  winnow show c6113e05 --shots fewshot_4_1.json   the few images that it was told the labels of\n"
      "  winnow show c6113e05 --labels sym-0.4.json      its given labels, as a list that other programs read\n");
  StoreOptions stores;
  SweepOptions sweep;
  bool json = false;
  std::string labels, shots;
  app.add_option("RUN|SWEEP", sweep.file, "a sweep file (.toml), a run file, or the first digits of an identity")
      ->required();
  app.add_option("--set", sweep.sets, "KEY=VALUE for the sweep; may be repeated")->allow_extra_args(false);
  sweep.presets.add_to(app);
  stores.add_to(app);
  app.add_flag("--json", json, "for scripts");
  app.add_option("--labels", labels,
                 "writes the run's given labels into this new file: a JSON list of numbers, one a training image");
  app.add_option(
      "--shots", shots,
      "writes which images a run, or those that it builds on, were told the labels of (data.shots, labelled_shots) "
      "into "
      "this new file: a JSON list of places in the training set, as `winnow data shots` and CoOp's users read it");
  if (!parse(app, argc, argv)) return kDone;
  for (const auto& [option, list] : {std::pair("--labels", &labels), std::pair("--shots", &shots)})
    if (!list->empty() && Path(sweep.file).extension() == ".toml")
      throw UsageError(
          fmt::format("show: {} is of one run: name a run file, or the first digits of its identity", option));
  if (!labels.empty()) write_label_list(found_run(sweep.file, stores, "show"), labels);
  if (!shots.empty()) {
    std::vector<Path> roots = stores.read_only();
    roots.insert(roots.begin(), stores.store);
    write_shot_list(found_run(sweep.file, stores, "show"), roots, shots);
  }
  if (!labels.empty() || !shots.empty()) return kDone;
  if (Path(sweep.file).extension() == ".toml") show_sweep(sweep.plan(), stores.open_to_read(), json);
  else show_run(found_run(sweep.file, stores, "show"), json);
  return kDone;
}

}  // namespace winnow::cmd
