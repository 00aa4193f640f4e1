// Steps of DeFT's first phase on the CPU: CLIP ViT-B/16 with VPT-deep, random weights, through the real engine, and the
// text part of a step alone. dual_prompts_bench.sh puts the reference's way in PyTorch beside it. Processor time.
//   bench-dual-prompts FOLDER CLASSES ROWS STEPS      writes FOLDER/clip, a snapshot; prints a line of JSON
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <vector>

#include "random_vit.h"
#include "winnow/model/text_tower.h"
#include "winnow/train/execute.h"
#include "winnow/train/scopes.h"

namespace {

using namespace winnow;

constexpr std::int64_t kVectors = 16;

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

std::vector<double>& steps() {
  static std::vector<double> all;
  return all;
}
double& begun() {
  static double at = 0;
  return at;
}
bool is_step(const at::RecordFunction& function) { return function.name() == std::string_view(train::scope::step); }
std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  if (is_step(function)) begun() = processor_seconds();
  return nullptr;
}
void end(const at::RecordFunction& function, at::ObserverContext*) {
  if (is_step(function)) steps().push_back(processor_seconds() - begun());
}

class Silent final : public train::Observer {
  bool report_wanted(std::int64_t, std::int64_t) override { return false; }
};

// Class names of four words, as those of Stanford Cars.
std::vector<std::string> class_names(std::int64_t classes) {
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < classes; ++c)
    names.push_back(fmt::format("{}{} cat ibis a", static_cast<char>('a' + c % 26), static_cast<char>('a' + c / 26)));
  return names;
}

Stage stage_of(std::int64_t rows, std::int64_t count, const sweep::Catalogue& catalogue) {
  const sweep::Method& declared = catalogue.methods.at("dual-prompts");
  Stage stage;
  for (const sweep::Key& key : catalogue.common)
    if (key.fallback) stage.settings.set(key.key, *key.fallback);
  set_defaults(stage.settings, declared, 0.3);
  for (auto [key, value] : std::map<std::string, Value>{{"method", "dual-prompts"},
                                                        {"dataset", "random"},
                                                        {"model", "clip-vit-b-16"},
                                                        {"adapt", "vpt-deep"},
                                                        {"vpt_len", 20},
                                                        {"context_length", kVectors},
                                                        {"warmup_epochs", 0},
                                                        {"label_epochs", 0},
                                                        {"head_init", "random"},
                                                        {"views.weak", "plain"},
                                                        {"train.epochs", 1},
                                                        {"train.batch", rows},
                                                        {"data.samples", count},
                                                        {"data.test_samples", 1},
                                                        {"data.validation_seed", 0},
                                                        {"labels.kind", "symmetric"},
                                                        {"labels.rate", 0.3},
                                                        {"labels.seed", 0}})
    stage.settings.set(key, value);
  stage.version = declared.version;
  stage.fingerprints["data"] = "f";
  stage.outputs = {Output::metrics};
  return stage;
}

// A forward and a backward of the 2C rows, cut behind the last end token, as the method has them.
double text_part(const model::Snapshot& clip, std::int64_t classes, std::int64_t times) {
  auto tower = model::text_tower(clip, at::kFloat);
  tower->learn_context("prompts.context", 0.02 * at::randn({2 * kVectors, 512}));
  constexpr std::int64_t kName = 16;  // tokens of a name, its period and its end
  at::Tensor rows = at::full({2 * classes, 1 + kVectors + kName}, 1, at::kLong);
  rows.narrow(1, 1 + kVectors, kName - 1).copy_(at::arange(kName - 1).remainder(5).expand({2 * classes, kName - 1}));
  rows.select(1, kVectors + kName).fill_(clip.config.at("text_config").at("eos_token_id").get<std::int64_t>());
  for (std::int64_t s = 0; s < 2; ++s)
    rows.narrow(0, s * classes, classes)
        .narrow(1, 1, kVectors)
        .copy_(-1 - s * kVectors - at::arange(kVectors).expand({classes, kVectors}));
  at::Tensor context;
  for (model::Parameter& parameter : tower->weights().all())
    if (parameter.trainable) context = parameter.use = parameter.value.detach().requires_grad_(true);
  std::vector<double> all;
  for (std::int64_t i = 0; i <= times; ++i) {
    double start = processor_seconds();
    torch::autograd::grad({tower->rows(rows).features().sum()}, {context});
    all.push_back(processor_seconds() - start);
  }
  all.erase(all.begin());
  return median(all);
}

void run(const Path& folder, std::int64_t classes, std::int64_t rows, std::int64_t count) {
  at::set_num_threads(1);
  std::filesystem::create_directories(folder);
  model::Snapshot clip = write_random_inputs(folder, class_names(classes), rows * (count + 1));
  double text = text_part(clip, classes, count);
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({});
  auto alone = comm::alone();
  Silent silent;
  train::Context context;
  context.data["random"] = folder / "cache";
  context.inputs["backbone"] = folder / "clip";
  auto handle = at::addGlobalCallback(at::RecordFunctionCallback(&begin, &end).scopes({at::RecordScope::USER_SCOPE}));
  train::execute(stage_of(rows, rows * (count + 1), catalogue), context, *alone, silent);
  at::removeCallback(handle);
  steps().erase(steps().begin());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{}\n", Value({{"text", text}, {"step", median(steps())}, {"peak_mb", usage.ru_maxrss / 1024}}).dump());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    fmt::print(stderr, "usage: bench-dual-prompts FOLDER CLASSES ROWS STEPS\n");
    return 2;
  }
  try {
    run(argv[1], std::stoll(argv[2]), std::stoll(argv[3]), std::stoll(argv[4]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
