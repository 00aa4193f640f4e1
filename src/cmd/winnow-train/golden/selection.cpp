// kind = selection: losses, logits, features or labels to a mask, scores and labels.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/method/mixture.h"
#include "winnow/method/selections.h"
#include "winnow/model/head.h"

namespace winnow::golden {

namespace {

void run_label_match(Case& c) {
  auto in = c.below("in.", c.precision());
  at::Tensor logits =
      c.config().real("scale") * at::matmul(model::normalise_rows(in.at("features")), model::normalise_rows(in.at("text")).t());
  method::Selected selected = method::label_match(logits, in.at("given"));
  c.compare("logits", logits);
  c.compare("label", selected.label);
  c.compare("mask", selected.mask);
}

// Cases count epochs from 1.
void run_small_loss(Case& c) {
  const Settings& config = c.config();
  auto in = c.below("in.", c.precision());
  double rate = config.real("forget_rate");
  if (config.has("labels.kind") && config.text("labels.kind") == "structured") rate /= 2;
  double forget = method::forget_rate(config.integer("epoch") - 1, config.integer("warmup_epochs"), rate);
  c.compare("forget", at::tensor({forget}, at::TensorOptions(at::kDouble)));
  c.compare("mask", method::small_losses(in.at("loss"), in.at("index"), forget));
}

void run_gmm(Case& c) {
  const Settings& config = c.config();
  if (config.text("normalise") != "minmax") throw UsageError("normalise: known: minmax");
  c.precision();                                  // the mixture is fp64 whatever a case says
  bool half = config.has("loss_precision") && config.text("loss_precision") == "float16";
  at::Tensor values = method::normalised_losses(c.tensor("in.loss"), half);
  method::Mixture start = method::Mixture::fit(values, c.tensor("draw.init.label"), 0, 0, config.real("reg_covar"));
  method::Mixture mixture = method::Mixture::fit(values, c.tensor("draw.init.label"), config.integer("max_iter"), config.real("tol"),
                                                 config.real("reg_covar"));
  c.compare("normalised", values);
  c.compare("iterations", at::tensor({mixture.iterations}, at::TensorOptions(at::kLong)));
  c.compare("means", mixture.means);
  c.compare("variances", mixture.variances);
  c.compare("weights", mixture.weights);
  c.compare("score", mixture.posterior);
  c.compare("mask", mixture.posterior > config.real("threshold"));
  for (auto [name, value] : {std::pair{"means", start.means}, {"variances", start.variances}, {"weights", start.weights}})
    if (std::string given = fmt::format("draw.init.{}", name); c.has(given))
      if (!at::allclose(value, c.tensor(given), 1e-8, 1e-8)) c.wrong(fmt::format("{} differs from the first M-step's", given));
}

}  // namespace

void run_selection(Case& c) {
  if (c.subject() == "label-match") return run_label_match(c);
  if (c.subject() == "small-loss") return run_small_loss(c);
  if (c.subject() == "gmm") return run_gmm(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

}  // namespace winnow::golden
