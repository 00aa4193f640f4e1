// A CLIP ViT-B/16 at random: how long its snapshot takes to open, its image tower to encode, and an AdaptFormer step.
// See model_bench.sh.
//   bench-model write FOLDER                     a snapshot of 600 MB
//   bench-model open FOLDER                      seconds
//   bench-model forward|step FOLDER ROWS REPEATS THREADS        seconds a batch (the fastest), peak MB
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <string>

#include "winnow/core/allocation.h"
#include "winnow/model/adaptation.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/text_tower.h"
#include "winnow/model/untrained_clip.h"

namespace {

using namespace winnow;

template <class F>
double seconds(F f) {
  auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void write(const Path& folder) {
  model::write_snapshot(folder, model::untrained_clip({.image_size = 224,
                                                       .patch = 16,
                                                       .width = 768,
                                                       .blocks = 12,
                                                       .heads = 12,
                                                       .text_width = 512,
                                                       .text_blocks = 12,
                                                       .text_heads = 8,
                                                       .context = 77,
                                                       .vocabulary = 49408,
                                                       .end_token = 49407,
                                                       .joint = 512,
                                                       .temperature = 0.01},
                                                      0));
}

void open(const Path& folder) {
  double reading = 0, building = 0;
  reading = seconds([&] {
    model::Snapshot snapshot = model::read_snapshot(folder);
    building = seconds([&] { model::image_tower(snapshot, {}); });
  });
  fmt::print("{{\"read_s\": {:.4f}, \"image_tower_s\": {:.4f}}}\n", reading - building, building);
}

void measure(const std::string& what, const Path& folder, std::int64_t rows, int repeats) {
  auto tower = model::image_tower(model::read_snapshot(folder), {});
  at::Tensor pixels = at::linspace(-1, 1, rows * 3 * 224 * 224).view({rows, 3, 224, 224});
  if (what == "step") {
    model::AdaptationOptions options;
    options.size = 4;
    model::adapt(*tower, "adaptformer", options);
    tower->weights().train_what_is_trainable();
  }
  double best = 1e9;
  for (int i = 0; i < repeats; ++i)
    best = std::min(best, seconds([&] {
                      at::AutoGradMode gradients(what == "step");
                      at::Tensor features = tower->rows(pixels).features();
                      if (what != "step") return;
                      std::vector<at::Tensor> handles;
                      std::vector<model::Parameter*> trained = tower->weights().trained();
                      for (model::Parameter* parameter : trained) handles.push_back(parameter->use);
                      std::vector<at::Tensor> shares = torch::autograd::grad({features.square().mean()}, handles);
                      at::NoGradGuard no_gradient;
                      for (std::size_t k = 0; k < trained.size(); ++k) trained[k]->value.sub_(shares[k], 1e-4);
                      tower->weights().renew();
                    }));
  fmt::print("{{\"seconds\": {:.4f}, \"peak_mb\": {:.0f}}}\n", best, peak_mb());
}

}  // namespace

int main(int argc, char** argv) {
  winnow::keep_freed_memory();
  std::string what = argc > 2 ? argv[1] : "";
  if (what == "write") write(argv[2]);
  else if (what == "open") open(argv[2]);
  else if (argc == 6) {
    at::set_num_threads(std::stoi(argv[5]));
    measure(what, argv[2], std::stoll(argv[3]), std::stoi(argv[4]));
  }
  return 0;
}
