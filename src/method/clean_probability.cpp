#include "winnow/method/clean_probability.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/method/formulas.h"

namespace winnow::method {

Consistency consistency_named(std::string_view name) {
  if (name == "clean-probability") return Consistency::clean_probability;
  if (name == "pos-logits") return Consistency::positive_logits;
  throw UsageError(fmt::format("consistency: unknown '{}'; known: clean-probability, pos-logits", name));
}

CleanSelection select_clean(const at::Tensor& positive, const at::Tensor& negative, const at::Tensor& given,
                            Consistency consistency) {
  at::Tensor probability = at::sigmoid(positive - negative);
  at::Tensor score = at_labels(probability, given), mask = score > 0.5;
  at::Tensor label = positive.argmax(1);
  if (consistency == Consistency::clean_probability) mask = mask.logical_and(probability.argmax(1) == given);
  if (consistency == Consistency::positive_logits) mask = mask.logical_and(label == given);
  return {mask, score, label};
}

}  // namespace winnow::method
