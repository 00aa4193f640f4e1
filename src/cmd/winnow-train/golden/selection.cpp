// kind = selection: losses, logits, features or labels to a mask, scores and labels.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/method/selections.h"
#include "winnow/model/head.h"

namespace winnow::golden {

void run_selection(Case& c) {
  if (c.subject() != "label-match") throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
  auto in = c.below("in.", c.precision());
  at::Tensor logits =
      c.config().real("scale") * at::matmul(model::normalise_rows(in.at("features")), model::normalise_rows(in.at("text")).t());
  method::Selected selected = method::label_match(logits, in.at("given"));
  c.compare("logits", logits);
  c.compare("label", selected.label);
  c.compare("mask", selected.mask);
}

}  // namespace winnow::golden
