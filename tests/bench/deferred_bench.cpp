// Deferred acceptance of many images, whose scores are made when they are read: how long, how many rows are read, how
// much memory. Balanced classes (K = N / C), the hardest case: images that share their taste compete for the same
// classes. One thread.
//   bench-deferred [N [C [WISHES]]]             default 1000000 1000 16
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>

#include "winnow/method/deferred_acceptance.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Uniform in [0, 1), of an entry.
float noise(std::uint64_t entry) {
  entry = (entry + 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
  entry = (entry ^ (entry >> 31)) * 0x94d049bb133111ebULL;
  return static_cast<float>(entry >> 40) / static_cast<float>(1 << 24);
}

}  // namespace

int main(int argc, char** argv) {
  auto argument = [&](int at, std::int64_t fallback) { return argc > at ? std::atoll(argv[at]) : fallback; };
  std::int64_t N = argument(1, 1'000'000), C = argument(2, 1000), wishes = argument(3, 16);
  at::set_num_threads(1);
  for (float shared : {0.0F, 0.5F, 0.9F, 1.0F}) {
    std::int64_t rows_read = 0, readings = 0;
    double reading = 0;
    auto read = [&](std::int64_t first, std::int64_t count) {
      Clock::time_point start = Clock::now();
      at::Tensor rows = at::empty({count, C});
      float* entry = rows.mutable_data_ptr<float>();
      for (std::int64_t i = first; i < first + count; ++i)
        for (std::int64_t c = 0; c < C; ++c)
          *entry++ = shared * noise(static_cast<std::uint64_t>(c)) +
                     (1 - shared) * noise(static_cast<std::uint64_t>((i + 1) * C + c));
      rows_read += count;
      ++readings;
      reading += seconds_since(start);
      return rows;
    };
    Clock::time_point start = Clock::now();
    winnow::method::Placement placement =
        winnow::method::deferred_acceptance(N, C, N / C, read, {.block = 4096, .wishes = wishes});
    double all = seconds_since(start);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print(
        "N = {}, C = {}, taste shared {:.0f} %: {:.1f} s and {:.1f} s of making scores; all rows {:.2f} times, in {} "
        "pieces; "
        "{} placed; {} MB at most\n",
        N, C, 100 * shared, all - reading, reading, static_cast<double>(rows_read) / static_cast<double>(N), readings,
        (placement.label >= 0).sum().item<std::int64_t>(), usage.ru_maxrss / 1024);
  }
}
