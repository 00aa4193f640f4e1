// Throughput of training CLIP ViT-B/16 (random weights) through the real engine, with the settings of a run: images a
// second, and the most memory of the device. launch/test-gpu's part `bench` puts plain PyTorch's beside it.
//   bench-gpu FOLDER DEVICE ROWS STEPS ADAPT PRECISION LOADERS     writes FOLDER/clip, a snapshot; prints a line of
//   JSON
// LOADERS -1: images stay on the device; else every image is decoded from FOLDER/image.jpg, cropped at random, resized
// and flipped by so many threads, which is what torch_step.py's Pillow does with the same file.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <optional>

#include "random_vit.h"
#include "winnow/comm/collective.h"
#include "winnow/comm/cuda_module.h"
#include "winnow/core/error.h"
#include "winnow/device/device.h"
#include "winnow/device/memory.h"
#include "winnow/train/execute.h"

namespace {

using namespace winnow;

constexpr std::int64_t kWarm = 5;  // steps that are not counted

// The clock at the end of two steps: a report reads the loss, so the device has done all before it.
class Clock final : public train::Observer {
 public:
  explicit Clock(std::int64_t last) : last_(last) {}
  bool report_wanted(std::int64_t step, std::int64_t) override { return step == kWarm || step == last_; }
  void progress(const train::Report& report) override {
    (report.step == kWarm ? begin_ : end_) = std::chrono::steady_clock::now();
  }
  double seconds() const { return std::chrono::duration<double>(end_ - begin_).count(); }

 private:
  std::int64_t last_;
  std::chrono::steady_clock::time_point begin_, end_;
};

// A data set of so many copies of one JPEG file, as they are packed.
void write_jpegs(const Path& folder, const Path& file, const std::vector<std::string>& classes, std::int64_t count) {
  std::string image = read_file(file);
  std::vector<std::int64_t> ends, labels, one{static_cast<std::int64_t>(image.size())}, first{0};
  std::ofstream packed(folder / "jpeg.images", std::ios::binary);
  for (std::int64_t i = 0; i < count; ++i) {
    packed << image;
    ends.push_back((i + 1) * static_cast<std::int64_t>(image.size()));
    labels.push_back(i % static_cast<std::int64_t>(classes.size()));
  }
  packed << image;  // of the test split
  auto numbers = [](const std::vector<std::int64_t>& all) {
    return SafeTensor{"I64", {static_cast<std::int64_t>(all.size())}, std::as_bytes(std::span(all))};
  };
  write_safetensors(folder / "jpeg",
                    {{"train.ends", numbers(ends)},
                     {"train.labels", numbers(labels)},
                     {"test.ends", numbers(one)},
                     {"test.labels", numbers(first)}},
                    {{"version", "1"},
                     {"fingerprint", "f"},
                     {"classes", Value(classes).dump()},
                     {"files", "jpeg.images"},
                     {"size", std::to_string((count + 1) * static_cast<std::int64_t>(image.size()))}});
}

struct Wanted {
  Path folder;
  std::string device;
  std::int64_t rows, steps;
  std::string adapt, precision;
  int loaders;
};

void run(const Wanted& wanted) {
  if (wanted.device.starts_with("cuda"))  // before all of torch
    device::set_cuda_facts({comm::cuda_module().kind, comm::cuda_module().capability});
  c10::Device place = device::named(wanted.device);
  device::make_reproducible(place);
  at::set_num_threads(1);
  std::filesystem::create_directories(wanted.folder);
  std::int64_t samples = (kWarm + wanted.steps) * wanted.rows;
  write_random_inputs(wanted.folder, ten_animals(), samples);
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({});
  Stage stage = random_stage("ce", wanted.rows, samples, catalogue);
  stage.settings.set("adapt", wanted.adapt);
  stage.settings.set("train.precision", wanted.precision);
  stage.settings.set("train.epochs", 1);
  bool decodes = wanted.loaders >= 0;
  if (decodes) {
    stage.settings.set("views.weak", "rrc-flip");
    write_jpegs(wanted.folder, wanted.folder / "image.jpg", ten_animals(), samples);
  }
  train::Context context;
  context.device = place;
  context.data["random"] = wanted.folder / (decodes ? "jpeg" : "cache");
  context.inputs["backbone"] = wanted.folder / "clip";
  context.loaders = std::max(0, wanted.loaders);
  context.device_images = decodes ? 0 : std::int64_t{64} << 30;
  auto alone = comm::alone();
  Clock clock(kWarm + wanted.steps);
  device::release_memory(place);
  train::Execution done = train::execute(stage, context, *alone, clock);
  fmt::print("{}\n", Value({{"adapt", wanted.adapt},
                            {"precision", wanted.precision},
                            {"rows", wanted.rows},
                            {"loaders", wanted.loaders},
                            {"images_per_second", static_cast<double>(wanted.rows * wanted.steps) / clock.seconds()},
                            {"peak_memory", device::peak_memory(place)},
                            {"image_wait", done.image_wait},
                            {"kind", device::kind_of(place)}})
                         .dump());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    fmt::print(stderr, "usage: bench-gpu FOLDER DEVICE ROWS STEPS ADAPT PRECISION LOADERS\n");
    return 2;
  }
  try {
    run({argv[1], argv[2], std::stoll(argv[3]), std::stoll(argv[4]), argv[5], argv[6], std::stoi(argv[7])});
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-gpu: {}\n", error.what());
    return 1;
  }
}
