// Features of frozen towers that were computed once: what stages cost without them and with them, in processor seconds
// of one run. CLIP ViT-B/16 with random weights on random images of 224 x 224. For each method the bound, too: what is
// left where images and their forwards cost nothing, by the seconds that these took.
//   bench-features FOLDER [IMAGES [CLASSES [METHOD]]]       default 48 10, all; writes FOLDER/clip and what is kept
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "random_vit.h"
#include "winnow/store/run_file.h"
#include "winnow/sweep/plan.h"
#include "winnow/train/execute.h"
#include "winnow/train/scopes.h"

namespace {

using namespace winnow;

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Silent final : public train::Observer {
  bool report_wanted(std::int64_t, std::int64_t) override { return false; }
};

struct Cost {
  double cell = 0, towers = 0;  // seconds of the stage that trains; of these those of its towers and their inputs
  std::int64_t read = 0;
};

double& of_towers() {
  static double seconds = 0;
  return seconds;
}
double& begun() {
  static double at = 0;
  return at;
}
bool is_of_towers(const at::RecordFunction& function) {
  return function.name() == std::string_view(train::scope::forward) ||
         function.name() == std::string_view(train::scope::inputs);
}
std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  if (is_of_towers(function)) begun() = processor_seconds();
  return nullptr;
}
void end(const at::RecordFunction& function, at::ObserverContext*) {
  if (is_of_towers(function)) of_towers() += processor_seconds() - begun();
}

class Bench {
 public:
  Bench(Path folder, std::int64_t images, std::vector<std::string> classes) : folder_(std::move(folder)) {
    write_random_inputs(folder_, classes, images);
    ::setenv("WINNOW_CACHE", (folder_ / "machine").c_str(), 1);
    std::filesystem::remove_all(folder_ / "machine");
  }

  // All stages of an experiment but the pre-training; `text`: TOML of its [base].
  Cost run(const std::string& text, std::int64_t keep) {
    write_file_atomically(folder_ / "s.toml",
                          "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n" + text);
    sweep::Catalogue catalogue = sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'a')}});
    sweep::Plan plan = sweep::Plan::read(folder_ / "s.toml", catalogue);
    auto alone = comm::alone();
    Silent silent;
    std::map<std::string, Path> files;
    Cost cost;
    for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) {
      Stage stage = plan.stage(i);
      std::string identity = stage.identity().hex();
      if (stage.kind == StageKind::pretrain) {
        files[identity] = folder_ / "clip";
        continue;
      }
      for (auto [key, value] : std::map<std::string, Value>{{"dataset", "random"}, {"data.first", 0}})
        stage.settings.set(key, value);
      stage.fingerprints["data"] = "f";
      train::Context context;
      context.data["random"] = folder_ / "cache";
      context.keep_features = keep;
      for (const auto& [name, input] : stage.inputs) context.inputs[name] = files.at(input.stage.hex());
      of_towers() = 0;
      double start = processor_seconds();
      train::Execution done = train::execute(stage, context, *alone, silent);
      cost = {processor_seconds() - start, of_towers(), done.features_read};
      Path file = folder_ / fmt::format("{}.h5", i);
      std::filesystem::remove(file);
      store::write_run_file(file, done.content);
      files[identity] = file;
    }
    return cost;
  }

  void show(const std::string& name, const std::string& text) {
    Cost without = run(text, 0);
    run(text, std::int64_t{1} << 30);
    Cost warm = run(text, std::int64_t{1} << 30);
    double rest = without.cell - (without.towers - warm.towers);  // texts are computed in both
    fmt::print(
        "{:14} without {:7.2f} s, with {:6.2f} s: {:5.1f} times; {} rows read; bound {:.1f} times, {:.0f} % of it\n",
        name, without.cell, warm.cell, without.cell / warm.cell, warm.read, without.cell / rest,
        100 * rest / warm.cell);
    std::fflush(stdout);
  }

 private:
  Path folder_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "bench-features FOLDER [IMAGES [CLASSES [METHOD]]]\n"), 2;
  std::int64_t images = argc > 2 ? std::atoll(argv[2]) : 48, classes = argc > 3 ? std::atoll(argv[3]) : 10;
  at::set_num_threads(1);
  at::addGlobalCallback(at::RecordFunctionCallback(&begin, &end).scopes({at::RecordScope::USER_SCOPE}));
  std::filesystem::create_directories(argv[1]);
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < classes; ++c)
    names.push_back(fmt::format("cat {}{}", static_cast<char>('a' + c % 26), static_cast<char>('a' + c / 26)));
  Bench bench(argv[1], images, names);
  std::string few = fmt::format("data = {{ samples = {}, test_samples = {} }}\n", images, images),
              schedule = "train = { epochs = 3, batch = 16, drop_last = false, schedule = \"constant\" }\n";
  auto show = [&](const std::string& name, const std::string& text) {
    if (argc <= 4 || name == argv[4]) bench.show(name, text);
  };
  show("linear-probe",
       "method = \"cc\"\nadapt = \"linear-probe\"\nlabels = { kind = \"flip\", rate = 0.3 }\n" + few + schedule);
  show("tip-adapter", fmt::format("method = \"tip-adapter\"\ndata = {{ samples = {}, test_samples = {}, "
                                  "validation = 0.25, shots = 1 }}\nembed_epochs = 1\n",
                                  images, images));
  show("coop", "method = \"coop\"\nlabels = { kind = \"symmetric\", rate = 0.0 }\n" + few + schedule);
}
