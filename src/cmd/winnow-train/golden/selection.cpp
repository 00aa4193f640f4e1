// kind = selection: losses, logits, features or labels to a mask, scores and labels.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/label/scored.h"
#include "winnow/method/mixture.h"
#include "winnow/method/selections.h"
#include "winnow/method/transport.h"
#include "winnow/model/normalise.h"

namespace winnow::golden {

namespace {

void run_label_match(Case& c) {
  auto in = c.below_on_device("in.", c.precision());
  at::Tensor logits = c.config().real("scale") *
                      at::matmul(model::normalise_rows(in.at("features")), model::normalise_rows(in.at("text")).t());
  method::Selected selected = method::label_match(logits, in.at("given"));
  c.compare("logits", logits);
  c.compare("label", selected.label);
  c.compare("mask", selected.mask);
}

// Cases count epochs from 1.
void run_small_loss(Case& c) {
  const Settings& config = c.config();
  auto in = c.below_on_device("in.", c.precision());
  double rate = config.real("forget_rate");
  if (config.has("labels.kind") && config.text("labels.kind") == "structured") rate /= 2;
  double forget = method::forget_rate(config.integer("epoch") - 1, config.integer("warmup_epochs"), rate);
  c.compare("forget", at::tensor({forget}, at::TensorOptions(at::kDouble)));
  c.compare("mask", method::small_losses(in.at("loss"), in.at("index"), forget));
}

void run_gmm(Case& c) {
  const Settings& config = c.config();
  if (config.text("normalise") != "minmax") throw UsageError("normalise: known: minmax");
  c.precision();  // the mixture is fp64 whatever a case says
  bool half = config.has("loss_precision") && config.text("loss_precision") == "float16";
  at::Tensor values = method::normalised_losses(c.tensor("in.loss"), half);
  method::Mixture start = method::Mixture::fit(values, c.tensor("draw.init.label"), 0, 0, config.real("reg_covar"));
  method::Mixture mixture = method::Mixture::fit(values, c.tensor("draw.init.label"), config.integer("max_iter"),
                                                 config.real("tol"), config.real("reg_covar"));
  c.compare("normalised", values);
  c.compare("iterations", at::tensor({mixture.iterations}, at::TensorOptions(at::kLong)));
  c.compare("means", mixture.means);
  c.compare("variances", mixture.variances);
  c.compare("weights", mixture.weights);
  c.compare("score", mixture.posterior);
  c.compare("mask", mixture.posterior > config.real("threshold"));
  for (auto [name, value] :
       {std::pair{"means", start.means}, {"variances", start.variances}, {"weights", start.weights}})
    if (std::string given = fmt::format("draw.init.{}", name); c.has(given))
      if (!at::allclose(value, c.tensor(given), 1e-8, 1e-8))
        c.wrong(fmt::format("{} differs from the first M-step's", given));
}

void run_sinkhorn(Case& c) {
  auto in = c.below_on_device("in.", at::kDouble);
  c.precision();  // the plan is fp64 whatever a case says
  const at::Tensor& prediction = in.at("prediction");
  at::Tensor all = at::ones({prediction.size(0)}, prediction.options().dtype(at::kBool));
  at::Tensor plan = method::transport_plan(prediction.log(), all, in.at("prior"), c.config().real("sinkhorn_power"),
                                           c.config().integer("sinkhorn_rounds"));
  c.compare("score", plan);
  c.compare("label", plan.argmax(1));
}

void run_zero_shot_filter(Case& c) {
  at::Tensor given = c.tensor("in.candidates").to(at::kByte).contiguous(),
             logits = c.tensor("in.logits").to(at::kDouble).contiguous();
  at::Tensor truth = c.tensor("in.true").contiguous();
  std::int64_t N = given.size(0), C = given.size(1);
  if (c.config().integer("classes") != C) c.wrong("config.classes contradicts the tensors");
  label::Candidates sets{
      N, C, {given.const_data_ptr<std::uint8_t>(), given.const_data_ptr<std::uint8_t>() + given.numel()}};
  label::Narrowed narrowed = label::narrow(
      sets, {logits.const_data_ptr<double>(), static_cast<std::size_t>(logits.numel())},
      c.config().real("keep_fraction"), {truth.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(N)});
  at::Tensor index = at::tensor(narrowed.kept, at::kLong),
             mask = at::zeros({N}, at::TensorOptions(at::kLong)).index_fill_(0, index, 1);
  c.compare("mask", mask);
  c.compare("index", index);
  c.compare("label", truth.index_select(0, index));
  c.compare("candidates",
            at::tensor(std::vector<std::int64_t>(narrowed.sets.mask.begin(), narrowed.sets.mask.end()), at::kLong)
                .view({-1, C}));
  const label::NarrowingReport& report = narrowed.report;
  const std::map<std::string, double> figures = {{"mean set size before", report.size_before},
                                                 {"mean set size after masking", report.size_after},
                                                 {"share of empty sets", report.empty},
                                                 {"covering rate before", report.covering_before},
                                                 {"covering rate after masking", report.covering_after},
                                                 {"mean set size of kept rows", report.size_kept},
                                                 {"covering rate of kept rows", report.covering_kept}};
  std::vector<double> wanted;
  for (const Value& name : c.raw("report")) {
    auto found = figures.find(name.get<std::string>());
    if (found == figures.end())
      throw UsageError(fmt::format("config.report: unknown figure '{}'", name.get<std::string>()));
    wanted.push_back(found->second);
  }
  c.compare("report", at::tensor(wanted, at::kDouble));
}

}  // namespace

void run_selection(Case& c) {
  if (c.subject() == "label-match") return run_label_match(c);
  if (c.subject() == "small-loss") return run_small_loss(c);
  if (c.subject() == "gmm") return run_gmm(c);
  if (c.subject() == "sinkhorn") return run_sinkhorn(c);
  if (c.subject() == "zero-shot-filter") return run_zero_shot_filter(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

}  // namespace winnow::golden
