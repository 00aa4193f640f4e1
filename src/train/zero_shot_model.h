// A model that classifies by the texts of its classes, nothing trained: what the stage kinds `score` and `evaluate` of
// a fixed model share.
#pragma once

#include <memory>

#include "open_images.h"
#include "winnow/comm/collective.h"
#include "winnow/method/method.h"
#include "winnow/model/tower.h"
#include "winnow/train/engine.h"

namespace winnow::train {

// Logits: scale times the cosine of the image's feature and the class text's, with the model's own scale. The test
// split's view is that of the settings views.*, where the stage has them.
class ZeroShotModel {
 public:
  // Collective. UsageError for a model without texts, and for class texts that are too long.
  ZeroShotModel(const Stage&, const Context&, comm::Collective&);

  method::Method& method() { return *method_; }
  Engine& engine() { return *engine_; }
  ImageSource& source() { return *opened_.source; }
  const Oracle& oracle() const { return opened_.oracle; }
  const at::Tensor& class_texts() const { return class_texts_; }  // C x p, normalised, on the host

 private:
  OpenedImages opened_;
  at::Tensor class_texts_;
  std::unique_ptr<model::Architecture> architecture_;
  std::unique_ptr<method::Method> method_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace winnow::train
