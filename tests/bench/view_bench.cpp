// What a batch of views costs: 128 images of 256 x 256 to 224 x 224 through named pipelines, on the CPU or a GPU.
//   OMP_NUM_THREADS=1 build/bin/bench-view [PIPELINE...]
// The same with torchvision v2, one thread, image by image and as a batch:
//   OMP_NUM_THREADS=1 python3 tests/bench/view_bench.py
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <chrono>

#include "winnow/core/allocation.h"
#include "winnow/view/apply.h"
#include "winnow/view/pipeline.h"

int main(int argc, char** argv) {
  using namespace winnow;
  keep_freed_memory();
  using Clock = std::chrono::steady_clock;
  constexpr std::int64_t kBatch = 128, kSide = 256;
  std::vector<std::string> names(argv + 1, argv + argc);
  if (names.empty()) names = {"rrc-flip", "moco2", "strong-fine", "crop256"};
  std::vector<at::Tensor> images;
  Stream noise = Streams(0, "bench").at(0, 0);
  for (std::int64_t b = 0; b < kBatch; ++b) {
    images.push_back(at::empty({kSide, kSide, 3}, at::kByte));
    auto* level = images.back().data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < kSide * kSide * 3; ++i) level[i] = static_cast<std::uint8_t>(noise());
  }
  for (const std::string& name : names) {
    view::Pipeline pipeline = view::Pipeline::named(name, 224);
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
      auto start = Clock::now();
      std::vector<std::vector<view::Step>> steps;
      for (std::int64_t b = 0; b < kBatch; ++b) {
        Stream stream = view::view_stream(0, name, 0, round, b);
        steps.push_back(pipeline.draw({kSide, kSide}, stream));
        steps.back().push_back(view::Normalize{view::normalisation_named("clip")});
      }
      view::apply_any_size(images, steps, at::kFloat);
      best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
    fmt::print("{:12} {:8.1f} ms for {} images, {} threads\n", name, best, kBatch, at::get_num_threads());
  }
}
