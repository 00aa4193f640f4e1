#include "score_execution.h"

#include "sample_scores.h"
#include "winnow/train/evaluation.h"

namespace winnow::train {

Execution score_execution(const at::Tensor& logits, const ImageSource& source, const Oracle& oracle) {
  Execution result;
  result.skipped_images = source.skipped();
  result.image_wait = source.waited();
  put_scores(source.samples("train"), {{"logits", logits}}, result.content);
  result.content.tables["metrics/final"] = {
      {"accuracy_train", std::vector<double>{accuracy({{"logits", logits}}, oracle.labels("train"))}}};
  result.trace.predictions["logits"] = logits;
  return result;
}

}  // namespace winnow::train
