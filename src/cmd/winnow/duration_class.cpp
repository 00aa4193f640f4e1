#include "duration_class.h"

#include <fmt/format.h>

#include <algorithm>

#include "shown.h"
#include "winnow/data/dataset.h"

namespace winnow::cmd {

namespace {

// Settings that decide how long a stage takes; learning rates, seeds and label rates do not.
constexpr const char* kDeciding[] = {
    "method",     "model",        "adapt",          "dataset",      "data.samples", "data.test_samples",
    "data.first", "data.last",    "data.long_tail", "train.epochs", "train.batch",  "train.precision",
    "views.weak", "views.strong", "views.test"};

double number(const Settings& settings, const char* key, double otherwise) {
  if (!settings.has(key) || !settings.all().at(key).is_number()) return otherwise;
  return settings.all().at(key).get<double>();
}

// Forward and backward cost about three times the forward.
double size_of(const Stage& stage) {
  const Settings& settings = stage.settings;
  double train = number(settings, "data.samples", 0), test = number(settings, "data.test_samples", 0);
  if ((train == 0 || test == 0) && settings.has("dataset"))
    if (auto record = data::read_record(settings.text("dataset"))) {
      auto all = static_cast<double>(record->train);
      double last = number(settings, "data.last", 0);
      if (train == 0) train = std::max((last > 0 ? last : all) - number(settings, "data.first", 0), 0.0);
      if (test == 0) test = static_cast<double>(record->test);
    }
  double epochs = number(settings, "train.epochs", 0);
  return std::max(epochs > 0 ? epochs * (3 * train + test) : train + test, 1.0);
}

}  // namespace

DurationClass duration_class(const Stage& stage, std::string_view label, std::uint32_t width) {
  DurationClass result{std::string(label), size_of(stage)};
  for (const char* key : kDeciding)
    if (stage.settings.has(key)) result.name += "/" + shown(stage.settings.all().at(key));
  if (double shots = number(stage.settings, "data.shots", 0); shots > 0) result.name += fmt::format("/{} shots", shots);
  if (width > 1) result.name += fmt::format("/{} wide", width);
  return result;
}

}  // namespace winnow::cmd
