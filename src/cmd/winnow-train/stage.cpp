// winnow-train stage FILE: executes one stage by hand.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <optional>

#include "arguments.h"
#include "as_gang.h"
#include "commands.h"
#include "forbidden_waits.h"
#include "one_stage.h"
#include "outcome.h"
#include "program_place.h"
#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/data/dataset.h"
#include "winnow/data/weights.h"
#include "winnow/stage/data_sets.h"
#include "winnow/stage/shared_code.h"
#include "winnow/store/store.h"

namespace winnow::cmd {

namespace {

volatile std::sig_atomic_t stop_asked = 0;

// A line every two seconds, redrawn on a terminal. SIGINT and SIGTERM stop the stage.
class Lines final : public train::Observer {
 public:
  bool report_wanted(std::int64_t step, std::int64_t steps) override {
    return step == steps || std::chrono::steady_clock::now() - last_ >= std::chrono::seconds(2);
  }
  void progress(const train::Report& report) override {
    last_ = std::chrono::steady_clock::now();
    std::string loss =
        std::isnan(report.loss) ? "" : fmt::format("  loss {:.4f}", report.loss);  // a program may say none
    fmt::print(stderr, "{}epoch {}/{}  step {}/{}{}{}", terminal_ ? "\r\x1b[K" : "", report.epoch + 1, report.epochs,
               report.step, report.steps, loss, terminal_ && report.step != report.steps ? "" : "\n");
  }
  bool stop_wanted() override { return stop_asked; }
  void resumed(std::int64_t epoch, std::int64_t step) override {
    fmt::print(stderr, "resumed at epoch {}, step {}\n", epoch + 1, step);
  }
  void note(const std::string& text) override { fmt::print(stderr, "note: {}\n", text); }

 private:
  bool terminal_ = ::isatty(2);
  std::chrono::steady_clock::time_point last_{};
};

Stage read_stage(const std::string& file, train::Context& context) {
  Value json = read_json(file);
  try {
    if (json.is_object() && json.contains("program")) {
      context.program = program_from_json(json["program"]);
      context.device = device_for_program(json["program"], context.device);
    }
    return stage_to_execute(json);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", file, error.what()));
  }
}

// Data caches and input run files where the command line names none.
void complete(const Stage& stage, const Path& store_folder, const std::vector<std::string>& references,
              train::Context& context) {
  for (const auto& [name, print] : data_sets_of(stage)) {
    if (context.data.count(name)) continue;
    auto record = data::read_record(name);
    if (!record)
      throw DataError(fmt::format("data set {} was never checked here: run winnow data check {}", name, name));
    context.data[name] = data::cache_path(*record);
  }
  if (auto print = stage.fingerprints.find("weights");
      print != stage.fingerprints.end() && !context.inputs.count("backbone")) {
    std::string name = stage.settings.text("model");
    auto record = data::read_weights_record(name);
    if (!record)
      throw DataError(fmt::format("weights of {} were never checked here: run winnow model check {}", name, name));
    data::require_unchanged(*record);
    if (record->fingerprint != print->second)
      throw DataError(fmt::format("weights of {} in {} have fingerprint {}, the stage wants {}", name,
                                  record->root.string(), record->fingerprint, print->second));
    context.inputs["backbone"] = record->root;
  }
  store::Store store(store_folder, std::vector<Path>(references.begin(), references.end()));
  for (const auto& [name, input] : stage.inputs) {
    if (context.inputs.count(name)) continue;
    auto found = store.find(input.stage);
    if (!found)
      throw DataError(
          fmt::format("input '{}': stage {} is not done in {}: run it first, or pass --store or --reference", name,
                      input.stage.hex(), store_folder.string()));
    context.inputs[name] = *found;
  }
}

}  // namespace

int stage(int argc, char** argv) {
  std::string file, output, checkpoint, store_folder = "results", device = "cpu";
  double every = 60;
  std::vector<std::string> references;
  int threads = 1, loaders = -1;
  std::int64_t chunk = 0, keep_features = 0, device_images = train::Context().device_images >> 20;
  bool keep_images = false, forbid_waits = false;
  Command app(
      "stage", "Executes one stage and writes its run file. FILE is one entry of \"stages\" in `winnow plan --json`.",
      "  winnow-train stage stage.json --output run.h5 --threads 2\n"
      "  mpirun -n 2 winnow-train stage stage.json --output run.h5                      as a gang of two processes\n"
      "  winnow-train stage stage.json --output run.h5 --checkpoint mine               Ctrl-C, and again: it goes "
      "on\n");
  app.add_option("FILE", file, "the stage as JSON")->required();
  app.add_option("--output", output, "the run file to write; it must not exist yet")->required();
  app.add_option("--store", store_folder, "where inputs lie")->capture_default_str();
  app.add_option("--reference", references, "further stores that are only read");
  app.add_option("--device", device, "where the stage is computed; part of the provenance")->capture_default_str();
  app.add_option("--threads", threads, "threads of this process; part of the provenance")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--loaders", loaders,
                 "threads beside them that make images ahead of the step; the same results with any")
      ->check(CLI::Range(0, 256))
      ->default_str("0 on a CPU, elsewhere half of the cores, at most 4");
  app.add_option(
         "--device-images", device_images,
         "MiB of images that may stay on a device that is no CPU: a small data set as a whole; the same results "
         "with any")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30))
      ->capture_default_str();
  app.add_option("--chunk", chunk, "rows a tower computes at once; 0: all")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30));
  app.add_flag("--keep-images,--keep-pictures", keep_images,
               "keep decoded images after the first resize of their views: later epochs need not decode them again");
  app.add_option(
         "--keep-features", keep_features,
         "MiB that features of frozen towers may take of this machine's cache; the same results with any; 0: none")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30))
      ->capture_default_str();
  app.add_option("--checkpoint", checkpoint,
                 "a folder: the stage is saved there when it is stopped and now and then, and resumes from it");
  app.add_option("--checkpoint-every", every, "seconds between checkpoints; 0: only when stopped")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  app.add_flag("--forbid-waits", forbid_waits,
               "on a GPU: whatever the host waits for while a step is computed is an error, for tests");
  if (!parse(app, argc, argv)) return 0;

  return as_gang(device, [&](comm::Collective& gang, c10::Device place) -> int {
    if (comm::agree(gang, std::filesystem::exists(output))) throw UsageError(fmt::format("{} exists already", output));
    std::optional<ForbiddenWaits> forbidden;
    if (forbid_waits) forbidden.emplace(place);
    train::Context context;
    context.device = place;
    Stage wanted = read_stage(file, context);
    context.threads = threads;
    context.loaders = loaders >= 0 ? loaders : train::loaders_for(context.device);
    context.device_images = device_images << 20;
    context.chunk = chunk;
    context.keep_images = keep_images;
    context.keep_features = keep_features << 20;
    context.checkpoint = checkpoint;
    context.checkpoint_every = every;
    complete(wanted, store_folder, references, context);
    std::signal(SIGINT, [](int) { stop_asked = 1; });
    std::signal(SIGTERM, [](int) { stop_asked = 1; });
    Lines lines;
    try {
      store::Written written = execute_and_write(wanted, context, output, gang, lines).written;
      if (gang.rank() == 0)
        fmt::print("{}  {} bytes  result digest {}\n", output, written.bytes, written.result_digest.hex());
    } catch (const train::Stopped&) {
      if (gang.rank() == 0)
        fmt::print(stderr, "stopped{}\n",
                   checkpoint.empty() ? "" : fmt::format("; the same command resumes from {}", checkpoint));
      return kDrained;
    }
    std::error_code ignored;
    if (gang.rank() == 0 && !checkpoint.empty())
      for (const char* own : {"state.safetensors", "program"})
        std::filesystem::remove_all(Path(checkpoint) / own, ignored);
    return kDone;
  });
}

}  // namespace winnow::cmd
