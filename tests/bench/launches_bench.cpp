// Operators, bytes and waits of a training step on the stand-in device: PRODEN, CRDPLL, SoLar and dual prompts on CLIP
// ViT-B/16 with AdaptFormer, random weights, through the real engine. launches_bench.sh puts plain PyTorch's beside it.
//   bench-launches FOLDER ROWS METHOD...      writes FOLDER/clip, a snapshot; prints a line of JSON a method
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <vector>

#include "../method_defaults.h"
#include "standin.h"
#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/core/safetensors.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/untrained_clip.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/text/tokenizer.h"
#include "winnow/train/execute.h"
#include "winnow/train/scopes.h"

namespace {

using namespace winnow;

constexpr std::int64_t kSide = 224, kSteps = 2, kClasses = 10;

struct Counts {
  std::int64_t launches = 0, bytes = 0, waits = 0;
  std::map<std::string, std::int64_t> operators;
};

Counts now() { return {standin::launches(), standin::bytes_in(), standin::waits().all(), standin::operators()}; }

// What each step took.
class Watch {
 public:
  Watch() {
    steps().clear();
    handle_ = at::addGlobalCallback(at::RecordFunctionCallback(&begin, &end).scopes({at::RecordScope::USER_SCOPE}));
  }
  ~Watch() { at::removeCallback(handle_); }
  Watch(const Watch&) = delete;
  static std::vector<Counts>& steps() {
    static std::vector<Counts> all;
    return all;
  }

 private:
  static Counts& before() {
    static Counts own;
    return own;
  }
  static bool is_step(const at::RecordFunction& function) {
    return function.name() == std::string_view(train::scope::step);
  }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (is_step(function)) before() = now();
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    if (!is_step(function)) return;
    Counts here = now(), then = before();
    for (auto& [name, count] : here.operators)
      if (auto found = then.operators.find(name); found != then.operators.end()) count -= found->second;
    steps().push_back(
        {here.launches - then.launches, here.bytes - then.bytes, here.waits - then.waits, here.operators});
  }
  at::CallbackHandle handle_;
};

class Silent final : public train::Observer {
  bool report_wanted(std::int64_t, std::int64_t) override { return false; }
};

// Images of many levels, and the model's snapshot with a tokenizer for their classes.
void write_inputs(const Path& folder, std::int64_t rows) {
  std::int64_t count = kSteps * rows, pixels = kSide * kSide * 3;
  std::vector<std::uint8_t> images(static_cast<std::size_t>(count * pixels));
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<std::uint8_t>((i * 2654435761U) >> 24);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(i % kClasses);
  SafeTensor image{"U8", {count, kSide, kSide, 3}, std::as_bytes(std::span(images))};
  SafeTensor label{"I64", {count}, std::as_bytes(std::span(labels))};
  write_safetensors(folder / "cache",
                    {{"train.images", image}, {"train.labels", label}, {"test.images", image}, {"test.labels", label}},
                    {{"version", "1"},
                     {"fingerprint", "f"},
                     {"classes", R"(["ant","bee","cat","dog","eel","fox","gnu","hen","ibis","jay"])"}});

  auto tokenizer = text::learn_tokenizer({"a photo of a cat.", "a photo of an ibis."}, 16);
  model::Snapshot clip = model::untrained_clip({.image_size = kSide,
                                                .patch = 16,
                                                .width = 768,
                                                .blocks = 12,
                                                .heads = 12,
                                                .text_width = 512,
                                                .text_blocks = 12,
                                                .text_heads = 8,
                                                .context = 77,
                                                .vocabulary = tokenizer->size(),
                                                .end_token = tokenizer->end(),
                                                .joint = 512,
                                                .temperature = 0.07},
                                               0);
  clip.files = {{"vocab.json", tokenizer->vocab_json()},
                {"merges.txt", tokenizer->merges_txt()},
                {"preprocessor_config.json",
                 Value({{"image_mean", {0.5, 0.5, 0.5}}, {"image_std", {0.25, 0.25, 0.25}}, {"size", kSide}}).dump()}};
  if (!std::filesystem::exists(folder / "clip")) model::write_snapshot(folder / "clip", clip);
}

Stage stage_of(const std::string& method, std::int64_t rows, const sweep::Catalogue& catalogue) {
  const sweep::Method& declared = catalogue.methods.at(method);
  Stage stage;
  for (const sweep::Key& key : catalogue.common)
    if (key.fallback) stage.settings.set(key.key, *key.fallback);
  set_defaults(stage.settings, declared, 0.3);
  bool given = declared.labels == sweep::LabelNeed::given;
  for (auto [key, value] : std::map<std::string, Value>{{"method", method},
                                                        {"dataset", "random"},
                                                        {"model", "clip-vit-b-16"},
                                                        {"adapt", "adaptformer"},
                                                        {"adapter_dim", 4},
                                                        {"head_init", "random"},
                                                        {"views.weak", "plain"},
                                                        {"views.strong", "flip-crop"},
                                                        {"train.epochs", 2},
                                                        {"train.batch", rows},
                                                        {"data.samples", kSteps * rows},
                                                        {"data.test_samples", 1},
                                                        {"data.validation_seed", 0},
                                                        {"labels.kind", given ? "symmetric" : "flip"},
                                                        {"labels.rate", 0.3},
                                                        {"labels.seed", 0}})
    stage.settings.set(key, value);
  if (stage.settings.has("warmup_epochs"))  // the second epoch does all that the method ever does
    stage.settings.set("warmup_epochs", stage.settings.at("warmup_epochs").is_number_float() ? Value(0.0) : Value(0));
  stage.version = declared.version;
  stage.fingerprints["data"] = "f";
  stage.outputs = {Output::metrics};
  return stage;
}

void run(const Path& folder, std::int64_t rows, const std::vector<std::string>& methods) {
  at::set_num_threads(1);
  std::filesystem::create_directories(folder);
  write_inputs(folder, rows);
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({});
  auto alone = comm::alone();
  Silent silent;
  for (const std::string& method : methods)
    for (bool resident : {false, true}) {
      train::Context context;
      context.device = standin::device();
      context.data["random"] = folder / "cache";
      context.inputs["backbone"] = folder / "clip";
      if (!resident) context.device_images = 0;
      Watch watch;
      train::execute(stage_of(method, rows, catalogue), context, *alone, silent);
      const Counts& last = Watch::steps().back();
      fmt::print("{}\n", Value({{"method", method},
                                {"images_on_device", resident},
                                {"rows", rows},
                                {"launches", last.launches},
                                {"bytes", last.bytes},
                                {"waits", last.waits},
                                {"operators", last.operators}})
                             .dump());
      std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: bench-launches FOLDER ROWS METHOD...\n");
    return 2;
  }
  try {
    run(argv[1], std::stoll(argv[2]), {argv + 3, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
