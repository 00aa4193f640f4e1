#include "real.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::train {

at::TensorOptions real_of(const Settings& settings, const Context& context) {
  at::TensorOptions real = at::TensorOptions().device(context.device);
  std::string name = settings.text("train.precision");
  if (name == "fp32" || name == "bf16") return real.dtype(at::kFloat);  // bf16 is the tower's business
  if (name == "fp64") return real.dtype(at::kDouble);
  throw UsageError(fmt::format("train.precision: unknown '{}'; known: bf16, fp32, fp64", name));
}

}  // namespace winnow::train
