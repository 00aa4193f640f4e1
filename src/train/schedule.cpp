#include "winnow/train/schedule.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "winnow/core/error.h"

namespace winnow::train {

double learning_rate(const Settings& settings, std::int64_t epoch, std::int64_t epochs, std::int64_t iteration,
                     std::int64_t iterations) {
  double base = settings.real("train.lr");
  std::string schedule = settings.text("train.schedule");
  auto cosine = [&](std::int64_t at, std::int64_t length) {
    return base / 2 * (1 + std::cos(std::numbers::pi * static_cast<double>(at) / static_cast<double>(length)));
  };
  if (schedule == "constant") return base;
  if (schedule == "cosine") return cosine(epoch, epochs);
  if (schedule == "cosine-step") return cosine(iteration, iterations);
  throw UsageError(fmt::format("train.schedule: unknown '{}'; known: constant, cosine, cosine-step", schedule));
}

}  // namespace winnow::train
