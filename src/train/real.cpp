#include "real.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/device/device.h"

namespace winnow::train {

at::TensorOptions real_of(const Context& context) { return at::TensorOptions(at::kFloat).device(context.device); }

at::TensorOptions real_of(const Settings& settings, const Context& context) {
  at::TensorOptions real = real_of(context);
  std::string name = settings.text("train.precision");
  if (name == "fp64") return real.dtype(at::kDouble);
  if (std::string why = device::why_without(name, context.device); !why.empty())
    throw UsageError(fmt::format("train.precision = {}: {}; take fp32, or {}", name, why,
                                 context.device.is_cuda() ? "fp16" : "bf16"));
  // The lower ones are the business of towers and heads: losses and states are fp32.
  for (const char* known : {"fp32", "bf16", "fp16", "fp16-pure", "tf32"})
    if (name == known) return real;
  throw UsageError(fmt::format("train.precision: unknown '{}'; known: bf16, fp16, fp16-pure, fp32, fp64, tf32", name));
}

model::Precision precision_of(const Settings& settings) {
  std::string name = settings.text("train.precision");
  if (name == "bf16") return model::Precision::bf16;
  if (name == "fp16") return model::Precision::fp16;
  return name == "fp16-pure" ? model::Precision::fp16_pure : model::Precision::as_stated;
}

}  // namespace winnow::train
