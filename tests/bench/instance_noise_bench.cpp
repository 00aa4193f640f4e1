// What instance-dependent noise costs: the given labels of N random images of SIDE x SIDE and C classes.
//   bench-instance-noise [N [C [SIDE [THREADS]]]]      default 50000 10 32 2: CIFAR-10; the largest memory is printed,
//   too
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "../../src/train/instance_labels.h"
#include "winnow/core/safetensors.h"
#include "winnow/core/stream.h"

using namespace winnow;

namespace {

double gigabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  auto argument = [&](int at, std::int64_t fallback) { return argc > at ? std::atoll(argv[at]) : fallback; };
  std::int64_t N = argument(1, 50'000), C = argument(2, 10), side = argument(3, 32);
  at::set_num_threads(static_cast<int>(argument(4, 2)));
  Path cache = std::filesystem::temp_directory_path() / fmt::format("instance-noise-{}", ::getpid());
  std::vector<std::int64_t> labels(static_cast<std::size_t>(N));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int64_t>(i) % C;
  {
    std::vector<std::uint8_t> images(static_cast<std::size_t>(N * side * side * 3));
    Stream random = Streams(0, "bench").at(0, 0);
    for (std::uint8_t& level : images) level = static_cast<std::uint8_t>(random());
    SafeTensor pixels{"U8", {N, side, side, 3}, std::as_bytes(std::span(images))};
    SafeTensor truth{"I64", {N}, std::as_bytes(std::span(labels))};
    Value names = Value::array();
    for (std::int64_t c = 0; c < C; ++c) names.push_back(fmt::format("{}", c));
    write_safetensors(
        cache, {{"train.images", pixels}, {"train.labels", truth}, {"test.images", pixels}, {"test.labels", truth}},
        {{"version", "1"}, {"fingerprint", "f"}, {"classes", names.dump()}});
  }
  data::Pixels pixels(cache);
  std::filesystem::remove(cache);
  auto start = std::chrono::steady_clock::now();
  label::Labels given = train::instance_labels(pixels, at::arange(N, at::kLong), labels,
                                               {.kind = label::Kind::instance, .rate = 0.4, .seed = 1});
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) wrong += given[i] != labels[i];
  fmt::print("N = {}, C = {}, {} x {}, threads {}: {:.2f} s, {:.4f} of the labels wrong, {:.2f} GB with the images\n",
             N, C, side, side, at::get_num_threads(), seconds, static_cast<double>(wrong) / static_cast<double>(N),
             gigabytes());
}
