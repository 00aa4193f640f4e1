#include "labelled_shots.h"

#include <ATen/ATen.h>

#include "winnow/core/error.h"

namespace winnow::train {

LabelledShots LabelledShots::of(const Settings& settings, const ImageSource& source, const Oracle& oracle) {
  if (!settings.has("labelled_shots")) return {};
  if (!oracle.knows("train")) throw UsageError("labelled_shots: the true labels of this data set are not known");
  const at::Tensor& truth = oracle.labels("train");
  LabelledShots result;
  result.ids = at::tensor(draw_shots(truth, source.class_names(), settings.integer("labelled_shots"),
                                     static_cast<std::uint64_t>(settings.integer("data.seed")), "labelled_shots"),
                          at::kLong);
  result.label = truth.index_select(0, result.ids);
  result.unlabelled = at::ones({truth.size(0)}, at::TensorOptions(at::kBool)).index_fill_(0, result.ids, 0);
  return result;
}

}  // namespace winnow::train
