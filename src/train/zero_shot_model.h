// A model that classifies by the texts of its classes, nothing trained: what the stage kinds `score` and `evaluate` of
// a fixed model share.
#pragma once

#include "open_images.h"
#include "stage_classifier.h"
#include "stage_method.h"
#include "stage_model.h"
#include "winnow/comm/collective.h"

namespace winnow::train {

// Logits: scale times the cosine of the image's feature and the class text's, with the model's own scale. The test
// split's view is that of the settings views.*, where the stage has them.
class ZeroShotModel {
 public:
  // Collective. UsageError for a model without texts, and for class texts that are too long.
  ZeroShotModel(const Stage&, const Context&, comm::Collective&);

  method::Method& method() { return method_.method(); }
  Engine& engine() { return method_.engine(); }
  ImageSource& source() { return *opened_.source; }
  std::int64_t features_read() const { return model_.features_read(); }
  const Oracle& oracle() const { return opened_.oracle; }
  const at::Tensor& class_texts() const { return classifier_.head_rows(); }  // C x p, normalised, on the host

 private:
  StageModel model_;
  OpenedImages opened_;
  StageClassifier classifier_;
  StageMethod method_;
};

}  // namespace winnow::train
