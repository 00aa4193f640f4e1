// Stage kind `narrow`: candidate sets keep the classes that a fixed model scores highest; samples with none left are
// dropped. docs/methods/partial-labels.md#2.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <numeric>

#include "arrays.h"
#include "earlier_labels.h"
#include "executors.h"
#include "open_images.h"
#include "winnow/core/error.h"
#include "winnow/label/scored.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

Execution execute_narrow(const Stage& stage, const Context& context, comm::Collective&, Observer&) {
  require_version(stage, "narrow", result_version(StageKind::narrow));
  EarlierLabels earlier = EarlierLabels::of(stage, context);
  auto [opened, oracle] = open_images(stage, context, {.labels = true, .earlier = earlier});
  ImageSource& source = *opened;
  if (source.has_given())
    throw UsageError(fmt::format("labels.kind = {} gives one label a sample: there is no set to narrow",
                                 stage.settings.text("labels.kind")));
  if (!earlier.scores) throw UsageError("a stage that narrows candidate sets needs the scores of an earlier stage");
  const SampleScores& scored = earlier.scores->of(source.samples("train"), source.classes());
  at::Tensor truth = oracle.labels("train").contiguous();

  at::Tensor given = source.candidates().to(at::kByte).contiguous(),
             scores = scored.rows.at("logits").to(at::kDouble).contiguous();
  label::Candidates sets{given.size(0),
                         given.size(1),
                         {given.const_data_ptr<std::uint8_t>(), given.const_data_ptr<std::uint8_t>() + given.numel()}};
  double keep = stage.settings.real("labels.keep_fraction");
  label::Narrowed narrowed =
      label::narrow(sets, {scores.const_data_ptr<double>(), static_cast<std::size_t>(scores.numel())}, keep,
                    {truth.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(truth.numel())});
  if (context.trial) {  // scores of a trial say nothing: all sets are passed on unchanged
    narrowed.kept.resize(static_cast<std::size_t>(sets.samples));
    std::iota(narrowed.kept.begin(), narrowed.kept.end(), 0);
    narrowed.sets = sets;
  }
  if (narrowed.kept.empty())
    throw UsageError(fmt::format("labels.keep_fraction = {}: no sample of {} keeps a candidate", keep, sets.samples));

  Execution result;
  result.skipped_images = source.skipped();
  result.content.arrays["labels/samples"] =
      array_of(source.samples("train").index_select(0, at::tensor(narrowed.kept, at::kLong)));
  result.content.arrays["labels/candidates"] = array_of(at::from_blob(
      narrowed.sets.mask.data(), {narrowed.sets.samples, narrowed.sets.classes}, at::TensorOptions(at::kByte)));
  const label::NarrowingReport& report = narrowed.report;
  store::Table& figures = result.content.tables["metrics/final"];
  for (auto [name, value] : {std::pair{"set_size_before", report.size_before},
                             {"set_size_after", report.size_after},
                             {"empty_sets", report.empty},
                             {"covering_before", report.covering_before},
                             {"covering_after", report.covering_after},
                             {"set_size_kept", report.size_kept},
                             {"covering_kept", report.covering_kept}})
    figures.push_back({name, std::vector<double>{value}});
  return result;
}

}  // namespace winnow::train
