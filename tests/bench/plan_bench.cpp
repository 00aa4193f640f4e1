// How long does a sweep of a million experiments take to plan, and in how much memory?
//   bench-plan [EXPERIMENTS]
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "winnow/sweep/plan.h"

namespace {

// An axis of `values` equally spaced numbers.
template <class Number>
std::string axis(const std::string& key, int values, Number first, Number step) {
  std::string text = "\"" + key + "\" = [";
  for (int i = 0; i < values; ++i) text += fmt::format("{}{}", i ? ", " : "", first + i * step);
  return text + "]\n";
}

// 3 methods x 4 kinds of labels x 10 learning rates x 10 weight decays x seeds.
std::string sweep_text(int experiments) {
  std::string text = R"(
name = "million"
[base]
dataset = "fashion-mnist"
model   = "nano-clip"
train   = { epochs = 3, batch = 128 }
[[grid]]
method = ["cc", "proden", "crdpll"]
labels = [{ kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.3 }, { kind = "uniform" }, { kind = "clean" }]
)";
  return text + axis("train.lr", 10, 1e-4, 1e-4) + axis("train.weight_decay", 10, 2e-5, 1e-5) +
         axis("seed", experiments / 1200, 0, 1);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace winnow;
  int experiments = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  Path file = std::filesystem::temp_directory_path() / fmt::format("bench-plan.{}.toml", std::rand());
  write_file_atomically(file, sweep_text(experiments));
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'f')}});
  auto start = std::chrono::steady_clock::now();
  sweep::Plan plan = sweep::Plan::read(file, catalogue);
  std::chrono::duration<double> planned = std::chrono::steady_clock::now() - start;
  start = std::chrono::steady_clock::now();
  std::size_t regenerated = 0;
  for (std::uint32_t i = 0; i < plan.nodes().size(); i += 37, ++regenerated) plan.stage(i);
  std::chrono::duration<double> stages = std::chrono::steady_clock::now() - start;
  std::filesystem::remove(file);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print("{} experiments, {} stages: {:.2f} s, peak {:.0f} MB; one stage regenerated: {:.0f} us\n",
             plan.experiments(), plan.nodes().size(), planned.count(), static_cast<double>(usage.ru_maxrss) / 1e3,
             1e6 * stages.count() / static_cast<double>(regenerated));
}
