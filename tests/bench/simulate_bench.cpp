// How close the scheduler comes to the shortest possible makespan, and what simulating costs: nothing is executed.
//   bench-simulate [stages GPUs]...       default: 2000 128 20000 1024 1000000 10000
// Log-normal durations (sigma 1, median 15 min, at most 12 h). Each stage is of a kind of its own, so that nothing is
// learned of it: its estimate is exact, or off by a log-normal factor of sigma 1.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "winnow/simulate/forecast.h"

namespace {

using namespace winnow;

// Whoever frees a GPU gets the next stage in the falling order of the estimates, without any delay: what is above this
// is the scheduler's, what is below it lies in the estimates.
double ideal_makespan(const simulate::Scenario& scenario, std::uint32_t gpus) {
  std::vector<sched::StageId> order(scenario.expected.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scenario.told[a] > scenario.told[b]; });
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (std::uint32_t gpu = 0; gpu < gpus; ++gpu) free.push(0);
  double last = 0;
  for (sched::StageId stage : order) {
    double end = free.top() + scenario.expected[stage];
    free.pop();
    free.push(end);
    last = std::max(last, end);
  }
  return last;
}

void measure(std::size_t stages, std::uint32_t gpus, double error) {
  simulate::Scenario scenario;
  scenario.nodes = gpus / 8, scenario.slots = 8;
  scenario.spans = false;
  scenario.graph.inputs.resize(stages);
  for (sched::StageId stage = 0; stage < stages; ++stage) scenario.graph.classes.push_back(stage);
  scenario.graph.done.assign(stages, false);
  std::mt19937_64 random(7);
  std::normal_distribution<> normal;
  for (std::size_t stage = 0; stage < stages; ++stage) {
    scenario.expected.push_back(std::min(900 * std::exp(normal(random)), 43200.0));
    scenario.told.push_back(scenario.expected.back() * std::exp(error * normal(random)));
  }
  auto start = std::chrono::steady_clock::now();
  simulate::Forecast found = simulate::forecast(scenario);
  double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (found.done != stages) std::abort();
  fmt::print(
      "{:>8} stages on {:>6} GPUs, estimates {}: makespan / bound {:.4f} (in the order of the estimates, without "
      "delays {:.4f}), {:.1f} % idle, simulated in {:.1f} s\n",
      stages, gpus, error > 0 ? "off by sigma 1" : "exact         ", found.makespan / found.bound,
      ideal_makespan(scenario, gpus) / found.bound, 100 * found.idle / (found.idle + found.busy), took);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::pair<std::size_t, std::uint32_t>> sizes{{2000, 128}, {20'000, 1024}, {1'000'000, 10'000}};
  if (argc > 1) sizes.clear();
  for (int i = 1; i + 1 < argc; i += 2)
    sizes.emplace_back(std::stoul(argv[i]), static_cast<std::uint32_t>(std::stoul(argv[i + 1])));
  for (auto [stages, gpus] : sizes)
    for (double error : {0.0, 1.0}) measure(stages, gpus, error);
}
