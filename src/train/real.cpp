#include "real.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::train {

at::TensorOptions real_of(const Settings& settings, const Context& context) {
  at::TensorOptions real = at::TensorOptions().device(context.device);
  std::string name = settings.text("train.precision");
  if (name == "fp64") return real.dtype(at::kDouble);
  if (name == "tf32" && !context.device.is_cuda())
    throw UsageError(
        fmt::format("train.precision = tf32: {} has no such products, an NVIDIA GPU has; take fp32, or bf16",
                    context.device.str()));
  // The lower ones are the tower's business: losses, states and weights are fp32.
  for (const char* known : {"fp32", "bf16", "fp16", "tf32"})
    if (name == known) return real.dtype(at::kFloat);
  throw UsageError(fmt::format("train.precision: unknown '{}'; known: bf16, fp16, fp32, fp64, tf32", name));
}

}  // namespace winnow::train
