// Stage kind `ensemble`: one prediction of the test split from those of several stages. Inputs `member.1`, ... are
// averaged, with `texts.1`, a fixed model, where there is one; `phase1.1`, ... are averaged beside them, for a figure
// of their own. docs/methods/unsupervised.md#3.6, #6.1.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <vector>

#include "arrays.h"
#include "executors.h"
#include "open_images.h"
#include "winnow/core/error.h"
#include "winnow/method/ensemble.h"
#include "winnow/stage/result_version.h"
#include "winnow/train/evaluation.h"

namespace winnow::train {

namespace {

// models x T x C, in the order of their numbers; undefined where there are none.
at::Tensor read_logits(const Stage& stage, const Context& context, const std::string& group,
                       const ImageSource& source) {
  std::vector<at::Tensor> all;
  for (int number = 1; stage.inputs.count(fmt::format("{}.{}", group, number)); ++number) {
    const Path& file = input_file(context, fmt::format("{}.{}", group, number));
    store::RunContent content = store::read_run_file(file, true, accepted(context));
    at::Tensor logits = tensor_in(content, file, "predictions/logits", "predictions").to(at::kDouble);
    if (!at::equal(tensor_in(content, file, "predictions/samples", "predictions"), source.samples("test")) ||
        logits.size(1) != source.classes())
      throw DataError(fmt::format("{} predicts other samples or classes than this stage has", file.string()));
    all.push_back(logits);
  }
  return all.empty() ? at::Tensor() : at::stack(all);
}

at::Tensor average(const Settings& settings, const at::Tensor& logits) {
  std::string what = settings.text("average");
  if (what == "probabilities") return method::mean_probability(logits);
  if (what == "logits") return method::mean_logits(logits);
  throw UsageError(fmt::format("average = {}: expected probabilities or logits", what));
}

std::vector<double> accuracies(const at::Tensor& logits, const at::Tensor& truth) {
  std::vector<double> result;
  for (std::int64_t m = 0; m < logits.size(0); ++m) result.push_back(accuracy({{"logits", logits[m]}}, truth));
  return result;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

Execution execute_ensemble(const Stage& stage, const Context& context, comm::Collective&, Observer&) {
  require_version(stage, "ensemble", result_version(StageKind::ensemble));
  auto [opened, oracle] = open_images(stage, context, {});
  ImageSource& source = *opened;
  const at::Tensor& truth = oracle.labels("test");
  at::Tensor logits = read_logits(stage, context, "member", source);
  if (!logits.defined()) throw UsageError("an ensemble needs inputs member.1, member.2, ...");
  at::Tensor texts = read_logits(stage, context, "texts", source);
  at::Tensor prediction = average(stage.settings, texts.defined() ? at::cat({logits, texts}) : logits);
  std::vector<double> members = accuracies(logits, truth);
  ClassAccuracy by_class = class_accuracy(predicted_classes({{"logits", prediction}}), truth, source.classes());

  Execution result;
  result.skipped_images = source.skipped();
  std::map<std::string, double> figures{{"accuracy", accuracy({{"logits", prediction}}, truth)},
                                        {"accuracy_class_mean", by_class.mean},
                                        {"accuracy_worst_class", by_class.worst},
                                        {"accuracy_harmonic", by_class.harmonic},
                                        {"accuracy_geometric", by_class.geometric},
                                        {"f1_macro", by_class.f1_macro},
                                        {"accuracy_members", mean(members)}};
  if (texts.defined()) figures["texts_accuracy"] = accuracies(texts, truth).at(0);
  std::vector<std::int64_t> numbers;
  for (std::size_t m = 0; m < members.size(); ++m) numbers.push_back(static_cast<std::int64_t>(m) + 1);
  store::Table table{{"member", numbers}, {"accuracy", members}};
  if (at::Tensor earlier = read_logits(stage, context, "phase1", source); earlier.defined()) {
    std::vector<double> own = accuracies(earlier, truth);
    figures["phase1_accuracy"] = accuracy({{"logits", average(stage.settings, earlier)}}, truth);
    figures["phase1_accuracy_members"] = mean(own);
    table.push_back({"phase1_accuracy", own});
  }
  result.content.tables["metrics/members"] = std::move(table);
  store::Table& last = result.content.tables["metrics/final"];
  for (const auto& [name, value] : figures) last.push_back({name, std::vector<double>{value}});
  result.trace.predictions["logits"] = prediction;
  return result;
}

}  // namespace winnow::train
