#include "labelled_shots.h"

#include <ATen/ATen.h>

#include "arrays.h"
#include "listed_shots.h"
#include "winnow/core/error.h"
#include "winnow/store/labelled_samples.h"

namespace winnow::train {

LabelledShots LabelledShots::of(const Stage& stage, const ImageSource& source, const Oracle& oracle) {
  const Settings& settings = stage.settings;
  if (!settings.has("labelled_shots")) return {};
  if (!oracle.knows("train")) throw UsageError("labelled_shots: the true labels of this data set are not known");
  const at::Tensor& truth = oracle.labels("train");
  LabelledShots result;
  constexpr const char* kKey = "labelled_shots";
  std::int64_t shots = settings.integer(kKey);
  auto list = stage.fingerprints.find("shots");
  result.ids =
      at::tensor(list == stage.fingerprints.end()
                     ? draw_shots(truth, source.class_names(), shots,
                                  static_cast<std::uint64_t>(settings.integer("data.seed")), kKey)
                     : listed_shots(list->second, source.samples("train"), truth, source.class_names(), shots, kKey),
                 at::kLong);
  result.label = truth.index_select(0, result.ids);
  result.unlabelled = at::ones({truth.size(0)}, at::TensorOptions(at::kBool)).index_fill_(0, result.ids, 0);
  return result;
}

void put_labelled(const LabelledShots& known, const ImageSource& source, store::RunContent& content) {
  if (!known.ids.defined()) return;
  content.arrays[store::kLabelledSamples] = array_of(source.samples("train").index_select(0, known.ids));
}

}  // namespace winnow::train
