// Operators, bytes, copies to the device and waits of a training step on the stand-in device: PRODEN, CRDPLL, SoLar and
// dual prompts on CLIP ViT-B/16 with AdaptFormer, random weights, through the real engine. launches_bench.sh puts plain
// PyTorch's beside it.
//   bench-launches FOLDER ROWS METHOD...      writes FOLDER/clip, a snapshot; prints a line of JSON a method
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <vector>

#include "random_vit.h"
#include "standin.h"
#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/train/execute.h"
#include "winnow/train/scopes.h"

namespace {

using namespace winnow;

constexpr std::int64_t kSteps = 2;

struct Counts {
  std::int64_t launches = 0, bytes = 0, uploads = 0, waits = 0;
  std::map<std::string, std::int64_t> operators;
};

Counts now() {
  return {standin::launches(), standin::bytes_in(), standin::uploads(), standin::waits().all(), standin::operators()};
}

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
    steps().push_back({here.launches - then.launches, here.bytes - then.bytes, here.uploads - then.uploads,
                       here.waits - then.waits, here.operators});
  }
  at::CallbackHandle handle_;
};

class Silent final : public train::Observer {
  bool report_wanted(std::int64_t, std::int64_t) override { return false; }
};

void run(const Path& folder, std::int64_t rows, const std::vector<std::string>& methods) {
  at::set_num_threads(1);
  std::filesystem::create_directories(folder);
  write_random_inputs(folder, ten_animals(), kSteps * rows);
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
      train::execute(random_stage(method, rows, kSteps * rows, catalogue), context, *alone, silent);
      const Counts& last = Watch::steps().back();
      fmt::print("{}\n", Value({{"method", method},
                                {"images_on_device", resident},
                                {"rows", rows},
                                {"launches", last.launches},
                                {"bytes", last.bytes},
                                {"uploads", last.uploads},
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
