#include "winnow/train/schedule.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "winnow/core/error.h"
#include "winnow/train/optimiser_key.h"

namespace winnow::train {

namespace {

// Epochs of the rise. Where train.max_steps cut a stage's epochs it is cut as much: a stage of a few epochs would do
// nothing but rise, and one of a single epoch would not train at all.
std::int64_t rise_of(const Settings& settings, const std::string& warmup, std::int64_t epochs) {
  std::int64_t rise = settings.integer(warmup);
  if (!settings.has("train.max_steps") || settings.integer("train.max_steps") == 0) return rise;
  std::int64_t uncut = settings.integer("train.epochs");
  return epochs < uncut ? rise * epochs / uncut : rise;
}

}  // namespace

double learning_rate(const Settings& settings, const std::string& table, const Progress& now) {
  auto key = [&](const char* name) { return optimiser_key(settings, table, name); };
  double base = settings.real(key("lr"));
  std::string schedule = settings.text(key("schedule"));
  // Half a wave over `length`, from the base down to 0.
  auto cosine = [&](std::int64_t at, std::int64_t length) {
    return base / 2 * (1 + std::cos(std::numbers::pi * static_cast<double>(at) / static_cast<double>(length)));
  };
  // The same down to a share of the base.
  auto floored = [&](double rate) {
    double floor = settings.has(key("lr_floor")) ? settings.real(key("lr_floor")) : 0;
    return floor > 0 ? floor * base + (1 - floor) * rate : rate;
  };
  if (schedule == "constant") return base;
  if (schedule == "cosine") return floored(cosine(now.epoch, now.epochs));
  if (schedule == "cosine-step") return floored(cosine(now.iteration, now.iterations));
  if (schedule == "coop") return now.epoch == 0 ? 1e-5 : cosine(now.epoch - 1, now.epochs);
  if (schedule == "grip") {
    std::int64_t rise = rise_of(settings, key("warmup"), now.epochs);
    if (now.epoch < rise) return base * static_cast<double>(now.epoch) / static_cast<double>(rise);
    return cosine(now.epoch - rise, now.epochs - rise);
  }
  if (schedule == "multi-step") {
    double rate = base, factor = settings.real(key("gamma"));
    for (double milestone : settings.reals(key("milestones")))
      if (static_cast<double>(now.epoch) >= milestone) rate *= factor;
    return rate;
  }
  throw UsageError(fmt::format(
      "{}: unknown '{}'{}; known: constant, coop, cosine, cosine-step, grip, multi-step", key("schedule"), schedule,
      did_you_mean(schedule, {"constant", "coop", "cosine", "cosine-step", "grip", "multi-step"})));
}

}  // namespace winnow::train
