// kind = selection of noisy labels: whose given label is clean. docs/methods/noisy-labels.md.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "golden/subjects.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/method/clean_probability.h"
#include "winnow/method/formulas.h"
#include "winnow/method/high_confidence.h"
#include "winnow/method/loss_division.h"
#include "winnow/method/mixture.h"
#include "winnow/method/progressive_selection.h"
#include "winnow/method/prototype_distance.h"
#include "winnow/method/selections.h"
#include "winnow/method/uniform_selection.h"
#include "winnow/method/zero_shot_scores.h"

namespace winnow::golden {

namespace {

at::Tensor number(double value) { return at::tensor({value}, at::TensorOptions(at::kDouble)); }

// config.classes against what the case holds.
std::int64_t classes_of(Case& c, const at::Tensor& given, std::int64_t columns = 0) {
  std::int64_t classes = c.config().integer("classes");
  if ((columns && columns != classes) || at::lt(given.min(), 0).logical_or(given.max() >= classes).item<bool>())
    c.wrong("config.classes contradicts the tensors");
  return classes;
}

void run_label_match(Case& c) {
  auto in = c.below_on_device("in.", c.precision());
  at::Tensor logits = method::cosine_logits(in.at("features"), in.at("text"), c.config().real("scale"));
  method::Selected selected = method::label_match(logits, in.at("given"));
  c.compare("logits", logits);
  c.compare("label", selected.label);
  c.compare("mask", selected.mask);
}

// Cases count epochs from 1.
void run_small_loss(Case& c) {
  const Settings& config = c.config();
  auto in = c.below_on_device("in.", c.precision());
  bool structured = config.has("labels.kind") && config.text("labels.kind") == "structured";
  double rate = method::rate_to_forget(config.real("forget_rate"), structured);
  double forget = method::forget_rate(config.integer("epoch") - 1, config.integer("warmup_epochs"), rate);
  c.compare("forget", number(forget));
  c.compare("mask", method::small_losses(in.at("loss"), in.at("index"), forget));
}

void run_deft(Case& c) {
  auto in = c.below_on_device("in.", c.precision());
  double scale = c.config().real("scale");
  std::string data = c.config().text("data"), name = c.config().text("consistency");
  std::replace(name.begin(), name.end(), '_', '-');
  if (data != "real" && data != "synthetic") throw UsageError("data: known: real, synthetic");
  method::Consistency consistency = method::consistency_named(name);
  method::CleanSelection selected =
      method::select_clean(method::cosine_logits(in.at("features"), in.at("positive"), scale),
                           method::cosine_logits(in.at("features"), in.at("negative"), scale), in.at("given"),
                           data == "real" ? consistency : method::Consistency::none);
  c.compare("score", selected.score);
  c.compare("label", selected.label);
  c.compare("mask", selected.mask);
}

method::Mixture fit(Case& c, const at::Tensor& values, const at::Tensor& components) {
  const Settings& config = c.config();
  return method::Mixture::fit(values, components, method::MixtureLimits::from(config));
}

void check_normalisation(const Settings& config) {
  if (config.text("normalise") != "minmax") throw UsageError("normalise: known: minmax");
}

// What GMM and TURN make of losses.
void divide(Case& c, const at::Tensor& losses) {
  const Settings& config = c.config();
  check_normalisation(config);
  bool half = config.has("loss_precision") && config.text("loss_precision") == "float16";
  at::Tensor values = method::normalised_losses(losses, half), components = c.tensor("draw.init.label");
  method::Mixture start = method::Mixture::fit(values, components, {0, 0, config.real("reg_covar")});
  method::Mixture mixture = fit(c, values, components);
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

void run_gmm(Case& c) {
  c.precision();  // the mixture is fp64 whatever a case says
  divide(c, c.tensor("in.loss"));
}

void run_turn(Case& c) {
  auto in = c.below_on_device("in.", c.precision());
  const at::Tensor &logits = in.at("logits"), &given = in.at("given");
  std::string loss = c.config().text("loss");
  if (loss != "gce" && loss != "ce") throw UsageError("loss: known: ce, gce");
  at::Tensor losses = loss == "ce" ? method::cross_entropy(logits, given)
                                   : method::generalised_cross_entropy(logits, given, c.config().real("q"));
  c.compare("loss", losses);
  divide(c, device::to_host(losses));
}

void run_dividemix(Case& c) {
  const Settings& config = c.config();
  check_normalisation(config);
  c.precision();  // the mixtures are fp64 whatever a case says
  at::Tensor score[2];
  for (int network : {1, 2}) {
    at::Tensor values =
        method::averaged_losses(c.tensor(fmt::format("in.loss.{}", network)), config.integer("average"));
    score[network - 1] = fit(c, values, c.tensor(fmt::format("draw.init.label.{}", network))).posterior;
    c.compare(fmt::format("normalised.{}", network), values);
    c.compare(fmt::format("score.{}", network), score[network - 1]);
  }
  method::CoDivision division = method::co_divide(score[0], score[1], config.real("threshold"));
  c.compare("mask.1", division.first);
  c.compare("mask.2", division.second);
}

// By the features of one network; `suffix` says whose in a case of two.
method::PrototypeSelection near_prototypes(Case& c, const std::string& suffix = "") {
  c.precision();  // the mixtures are fp64 whatever a case says
  const at::Tensor &given = c.tensor("in.given"), &start = c.tensor("draw.init.label" + suffix);
  return method::select_near_prototypes(
      c.tensor("in.features" + suffix), given, classes_of(c, given),
      [&](std::int64_t round, std::int64_t, const at::Tensor& samples, const at::Tensor&) {
        return start[round].index_select(0, samples);
      },
      method::MixtureLimits::from(c.config()));
}

void run_rolt(Case& c) {
  method::PrototypeSelection selected = near_prototypes(c);
  c.compare("score", selected.score);
  c.compare("posterior", selected.posterior);
  c.compare("mask", selected.mask);
}

void run_rolt_plus(Case& c) {
  at::Tensor posterior[2];
  for (int network : {1, 2}) {
    std::string suffix = fmt::format(".{}", network);
    method::PrototypeSelection selected = near_prototypes(c, suffix);
    posterior[network - 1] = selected.posterior;
    c.compare("distance" + suffix, selected.score);
    c.compare("posterior" + suffix, selected.posterior);
  }
  method::CoDivision division = method::co_divide(posterior[0], posterior[1], c.config().real("threshold"));
  c.compare("mask.1", division.first);
  c.compare("mask.2", division.second);
}

void run_unicon(Case& c) {
  const Settings& config = c.config();
  auto in = c.below_on_device("in.", c.precision());
  const at::Tensor& given = in.at("given");
  at::Tensor prediction = (at::softmax(in.at("logits.1"), 1) + at::softmax(in.at("logits.2"), 1)) / 2;
  std::int64_t classes = classes_of(c, given, prediction.size(1));
  bool padded = config.has("padding");
  if (padded && config.text("padding") != "sample 0") throw UsageError("padding: known: sample 0");
  at::Tensor score = method::divergence_from_labels(prediction, given);
  method::UniformSelection selected =
      method::select_uniformly(score, given, classes, config.real("threshold"), config.real("tau"),
                               padded ? method::Padding::sample_0 : method::Padding::none);
  c.compare("score", score);
  c.compare("cut", selected.cut);
  c.compare("rate", selected.rate);
  c.compare("mask", selected.mask);
  c.compare("weight", selected.weight);
  if (!padded) return;
  at::Tensor index = method::padded_list(device::to_host(score), device::to_host(given), classes,
                                         device::to_host(selected.rate).item<double>());
  c.compare("index", index);
  c.compare("weight.index", device::to_host(selected.weight).index_select(0, index));
}

void run_longremix(Case& c) {
  const Settings& config = c.config();
  auto in = c.below_on_device("in.", c.precision());
  double threshold = config.real("threshold");
  at::Tensor sets = method::lasting_sets(in.at("posterior") > threshold, config.integer("history"));
  at::Tensor confident = method::largest_set(sets, config.integer("lookback"));
  at::Tensor score = method::confident_posterior(in.at("posterior.final"), confident);
  c.compare("sets", sets);
  c.compare("confident", confident);
  c.compare("score", score);
  c.compare("mask", score > threshold);
}

void run_promix(Case& c) {
  const Settings& config = c.config();
  auto in = c.below_on_device("in.", c.precision());
  const at::Tensor &logits = in.at("logits"), &given = in.at("given");
  std::int64_t classes = classes_of(c, given, logits.size(1));
  double rho = method::selected_share(config.real("rho_start"), config.real("rho_end"), config.integer("epoch"),
                                      config.integer("ramp"));
  at::Tensor losses = method::cross_entropy(logits, given), score = method::at_labels(at::softmax(logits, 1), given);
  at::Tensor base = method::small_losses_of_classes(losses, given, classes, rho);
  c.compare("rho", number(rho));
  c.compare("loss", losses);
  c.compare("base", base);
  c.compare("score", score);
  c.compare("mask", base.logical_or(method::matched_confidence(score, config.real("tau"))));
}

}  // namespace

Subjects noisy_selections() {
  return {{"deft", run_deft},
          {"dividemix", run_dividemix},
          {"gmm", run_gmm},
          {"label-match", run_label_match},
          {"longremix", run_longremix},
          {"promix", run_promix},
          {"rolt", run_rolt},
          {"rolt-plus", run_rolt_plus},
          {"small-loss", run_small_loss},
          {"turn", run_turn},
          {"unicon", run_unicon}};
}

}  // namespace winnow::golden
