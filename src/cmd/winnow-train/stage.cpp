// winnow-train stage FILE: executes one stage by hand.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "arguments.h"
#include "commands.h"
#include "one_stage.h"
#include "outcome.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"
#include "winnow/store/store.h"

namespace winnow::cmd {

namespace {

// A line every two seconds, redrawn on a terminal.
class Lines final : public train::Observer {
 public:
  void progress(const train::Report& report) override {
    auto now = std::chrono::steady_clock::now();
    if (report.step != report.steps && now - last_ < std::chrono::seconds(2)) return;
    last_ = now;
    fmt::print(stderr, "{}epoch {}/{}  step {}/{}  loss {:.4f}{}", terminal_ ? "\r\x1b[K" : "", report.epoch + 1, report.epochs,
               report.step, report.steps, report.loss, terminal_ && report.step != report.steps ? "" : "\n");
  }

 private:
  bool terminal_ = ::isatty(2);
  std::chrono::steady_clock::time_point last_{};
};

Stage read_stage(const std::string& file) {
  Value json = Value::parse(read_file(file), nullptr, false);
  if (json.is_discarded()) throw UsageError(fmt::format("{} is not JSON", file));
  try {
    return stage_from_json(json);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", file, error.what()));
  }
}

// Data caches and input run files where the command line names none.
void complete(const Stage& stage, const Path& store_folder, const std::vector<std::string>& references, train::Context& context) {
  if (stage.settings.has("dataset")) {
    std::string name = stage.settings.text("dataset");
    if (!context.data.count(name)) {
      auto record = data::read_record(name);
      if (!record) throw DataError(fmt::format("data set {} was never checked here: run winnow data check {}", name, name));
      context.data[name] = data::cache_path(*record);
    }
  }
  store::Store store(store_folder, std::vector<Path>(references.begin(), references.end()));
  for (const auto& [name, input] : stage.inputs) {
    if (context.inputs.count(name)) continue;
    auto found = store.find(input.stage);
    if (!found)
      throw DataError(fmt::format("input '{}': stage {} is not done in {}: run it first, or say --store or --reference", name,
                                  input.stage.hex(), store_folder.string()));
    context.inputs[name] = *found;
  }
}

}  // namespace

int stage(int argc, char** argv) {
  std::string file, output, store_folder = "results";
  std::vector<std::string> references;
  int threads = 1;
  std::int64_t chunk = 0;
  Command app("winnow-train stage", "Executes one stage and writes its run file. FILE is one entry of \"stages\" in `winnow plan --json`.",
              "  winnow-train stage stage.json --output run.h5 --threads 2\n");
  app.add_option("FILE", file, "the stage as JSON")->required();
  app.add_option("--output", output, "the run file to write; it must not exist yet")->required();
  app.add_option("--store", store_folder, "where inputs lie")->capture_default_str();
  app.add_option("--reference", references, "further stores that are only read");
  app.add_option("--threads", threads, "threads of this process; part of the provenance")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--chunk", chunk, "rows a tower computes at once; 0: all")->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30));
  if (!parse(app, argc, argv)) return 0;

  if (std::filesystem::exists(output)) throw UsageError(fmt::format("{} exists already", output));
  Stage wanted = read_stage(file);
  train::Context context;
  context.threads = threads;
  context.chunk = chunk;
  complete(wanted, store_folder, references, context);
  Lines lines;
  store::Written written = execute_and_write(wanted, context, output, lines);
  fmt::print("{}  {} bytes  result digest {}\n", output, written.bytes, written.result_digest.hex());
  return kDone;
}

}  // namespace winnow::cmd
