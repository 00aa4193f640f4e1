// kind = metric, of several models, seeds or data sets: averages, ensembles, and what two models that teach each other
// are worth. docs/methods/unsupervised.md#3.6, #3.7 and #8.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <vector>

#include "golden/subjects.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/method/ensemble.h"
#include "winnow/report/statistics.h"
#include "winnow/train/evaluation.h"

namespace winnow::golden {

namespace {

at::Tensor scalar(double value) { return at::tensor({value}, at::TensorOptions(at::kDouble)); }
at::Tensor number(std::int64_t value) { return at::tensor({value}, at::TensorOptions(at::kLong)); }
double mean(const std::vector<double>& values) { return report::summarise(values).mean; }

double percent_right(const at::Tensor& scores, const at::Tensor& truth) {
  return 100 * train::accuracy({{"logits", device::to_host(scores)}}, device::to_host(truth));
}

void run_average(Case& c) {
  c.precision();  // figures are fp64 whatever a case says
  std::map<std::string, double> of_name;
  std::vector<double> accuracy, averaged;
  for (const Value& name : c.raw("datasets")) {
    auto of = [&](const char* what) { return c.tensor(fmt::format("in.{}.{}", name.get<std::string>(), what)); };
    accuracy.push_back(percent_right(of("logits"), of("true")));
    of_name[name.get<std::string>()] = accuracy.back();
  }
  for (const Value& name : c.raw("average_over")) {
    auto found = of_name.find(name.get<std::string>());
    if (found == of_name.end())
      throw UsageError(fmt::format("config.average_over: no data set '{}'", name.get<std::string>()));
    averaged.push_back(found->second);
  }
  c.compare("accuracy", at::tensor(accuracy, at::kDouble));
  c.compare("average", scalar(mean(averaged)));
}

void run_seeds(Case& c) {
  at::Tensor accuracy = c.tensor("in.accuracy").to(at::kDouble).contiguous();  // rows x seeds
  c.precision();
  std::vector<double> means, deviations;
  for (std::int64_t row = 0; row < accuracy.size(0); ++row) {
    const double* first = accuracy.const_data_ptr<double>() + row * accuracy.size(1);
    report::Summary summary = report::summarise({first, static_cast<std::size_t>(accuracy.size(1))});
    means.push_back(summary.mean);
    deviations.push_back(summary.deviation.value_or(NAN));
  }
  c.compare("mean", at::tensor(means, at::kDouble));
  c.compare("std", at::tensor(deviations, at::kDouble));
}

at::Tensor count_by_class(const at::Tensor& label, const at::Tensor& mask, std::int64_t classes) {
  return at::bincount(label.masked_select(mask.to(at::kBool)), {}, classes);
}

// What the selection and the exchange of two models are worth. A pseudo-label is right where it is the true label.
void run_diagnostics(Case& c) {
  const at::Tensor& truth = c.tensor("in.true");
  std::int64_t classes = c.config().integer("classes");
  if (truth.max().item<std::int64_t>() >= classes) c.wrong("config.classes contradicts the labels");
  const at::Tensor &mask = c.tensor("in.select_mask"), &label = c.tensor("in.select_label");
  at::Tensor counts = count_by_class(label, mask, classes);
  c.compare("select_accuracy", scalar(100 * train::selection_quality(mask, label, truth).precision));
  c.compare("select_size", number(mask.to(at::kBool).sum().item<std::int64_t>()));
  c.compare("select_count", counts);
  c.compare("select_empty", number((counts == 0).sum().item<std::int64_t>()));
  for (const char* model : {"m1", "m2"}) {
    const at::Tensor &own = c.tensor(fmt::format("in.{}.label", model)),
                     &clean = c.tensor(fmt::format("in.{}.clean", model));
    train::SelectionQuality quality = train::selection_quality(clean, own, truth);
    auto compare = [&](const char* name, const at::Tensor& got) { c.compare(fmt::format("{}.{}", model, name), got); };
    compare("label_accuracy", 100 * (own == truth).to(at::kDouble).mean());
    compare("precision", scalar(quality.precision));
    compare("recall", scalar(quality.recall));
    compare("coverage", scalar(quality.kept));
    compare("clean_size", number(clean.to(at::kBool).sum().item<std::int64_t>()));
    compare("clean_count", count_by_class(own, clean, classes));
  }
}

void compare_members(Case& c, const std::vector<double>& accuracy, const at::Tensor& ensemble,
                     const at::Tensor& truth) {
  c.compare("acc_mean", scalar(mean(accuracy)));
  c.compare("acc_ens", scalar(percent_right(ensemble, truth)));
}

void run_coft_metric(Case& c) {
  std::string stage = c.config().text("stage");
  auto in = c.below_on_device("in.", c.precision());
  if (stage == "diag") return run_diagnostics(c);
  if (stage != "eval") throw UsageError(fmt::format("stage: unknown '{}'; known: diag, eval", stage));
  std::vector<double> accuracy;
  for (const char* model : {"m1", "m2"}) {
    accuracy.push_back(percent_right(in.at(fmt::format("{}.logits", model)), in.at("true")));
    c.compare(fmt::format("acc_{}", model), scalar(accuracy.back()));
  }
  at::Tensor logits = at::stack({in.at("m1.logits"), in.at("m2.logits")});
  compare_members(c, accuracy, method::mean_probability(logits), in.at("true"));
}

void run_upl_metric(Case& c) {
  if (c.config().text("stage") != "eval") throw UsageError("stage: known: eval");
  auto in = c.below_on_device("in.", c.precision());
  const at::Tensor& logits = in.at("logits");  // members x N x C
  if (c.config().integer("members") != logits.size(0)) c.wrong("config.members contradicts the logits");
  std::vector<double> accuracy;
  for (std::int64_t member = 0; member < logits.size(0); ++member)
    accuracy.push_back(percent_right(logits[member], in.at("true")));
  c.compare("acc", at::tensor(accuracy, at::kDouble));
  compare_members(c, accuracy, method::mean_logits(logits), in.at("true"));
}

}  // namespace

Subjects metrics_of_several() {
  return {{"average", run_average},
          {"coft", run_coft_metric},
          {"coft-plus", run_coft_metric},
          {"seeds", run_seeds},
          {"upl", run_upl_metric}};
}

}  // namespace winnow::golden
