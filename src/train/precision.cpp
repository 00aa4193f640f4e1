#include "precision.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::train {

at::ScalarType precision_of(const Settings& settings) {
  std::string name = settings.text("train.precision");
  if (name == "fp32" || name == "bf16") return at::kFloat;  // bf16 is the tower's business
  if (name == "fp64") return at::kDouble;
  throw UsageError(fmt::format("train.precision: unknown '{}'; known: bf16, fp32, fp64", name));
}

}  // namespace winnow::train
