// Selections of many samples: DeFT's rule and label match over N x C scores that are made when they are read, in
// blocks; the mixture over N losses. How long, and how much memory. One thread.
//   bench-selection [N [C]]             default 1000000 1000
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>

#include "winnow/core/stream.h"
#include "winnow/method/clean_probability.h"
#include "winnow/method/mixture.h"
#include "winnow/method/selections.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void say(const char* what, double seconds, std::int64_t kept) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{:<44}{:6.2f} s   {:>8} kept   {:>5} MB at most\n", what, seconds, kept, usage.ru_maxrss / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  auto argument = [&](int at, std::int64_t fallback) { return argc > at ? std::atoll(argv[at]) : fallback; };
  std::int64_t N = argument(1, 1'000'000), C = argument(2, 1000);
  constexpr std::int64_t kBlock = 500;  // as passes have it (chunks.h)
  at::set_num_threads(1);
  at::manual_seed(0);
  at::Tensor positive = at::randn({kBlock, C}), negative = at::randn({kBlock, C}),
             given = at::randint(C, {kBlock}, at::kLong);

  Clock::time_point start = Clock::now();
  std::int64_t kept = 0;
  at::Tensor mask = at::zeros({N}, at::kByte), score = at::zeros({N});
  for (std::int64_t first = 0; first < N; first += kBlock) {
    std::int64_t count = std::min(kBlock, N - first);
    winnow::method::CleanSelection own =
        winnow::method::select_clean(positive.narrow(0, 0, count), negative.narrow(0, 0, count),
                                     given.narrow(0, 0, count), winnow::method::Consistency::clean_probability);
    mask.narrow(0, first, count).copy_(own.mask);
    score.narrow(0, first, count).copy_(own.score);
  }
  say(fmt::format("dual prompts, {} x {}", N, C).c_str(), seconds_since(start), mask.sum().item<std::int64_t>());

  start = Clock::now();
  for (std::int64_t first = 0; first < N; first += kBlock) {
    std::int64_t count = std::min(kBlock, N - first);
    kept += winnow::method::label_match(positive.narrow(0, 0, count), given.narrow(0, 0, count))
                .mask.sum()
                .item<std::int64_t>();
  }
  say(fmt::format("label match, {} x {}", N, C).c_str(), seconds_since(start), kept);

  // Two heaps that overlap, as losses of clean and of wrong labels do.
  at::Tensor losses = at::cat({at::randn({N * 6 / 10}) * 0.15 + 0.3, at::randn({N - N * 6 / 10}) * 0.3 + 1.2});
  start = Clock::now();
  at::Tensor values = winnow::method::normalised_losses(losses, /*half=*/false);
  double normalising = seconds_since(start);
  winnow::Stream stream = winnow::Streams(0, "bench").at(0, 0);
  start = Clock::now();
  at::Tensor components = winnow::method::two_means(values, stream);
  double starting = seconds_since(start);
  start = Clock::now();
  winnow::method::Mixture mixture = winnow::method::Mixture::fit(values, components, {10, 1e-2, 5e-4});
  double fitting = seconds_since(start);
  fmt::print("mixture of {} losses: normalised in {:.2f} s, two-means {:.2f} s, {} steps of EM {:.2f} s\n", N,
             normalising, starting, mixture.iterations, fitting);
  say("mixture, all of it", normalising + starting + fitting, (mixture.posterior > 0.5).sum().item<std::int64_t>());
}
