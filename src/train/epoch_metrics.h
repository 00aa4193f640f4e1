// What a training stage is measured by after every epoch: the test split, samples set aside, and its own states.
#pragma once

#include <map>
#include <string>

#include "image_source.h"
#include "prediction_metrics.h"
#include "winnow/method/method.h"
#include "winnow/train/engine.h"

namespace winnow::train {

// Borrows everything. Figures that need true labels that are not known (Oracle) are left out.
class EpochMetrics {
 public:
  EpochMetrics(method::Method&, Engine&, ImageSource&, const Oracle&, const Settings&);

  // accuracy; accuracy_on_NAME of further test splits; accuracy_{class_mean, worst_class, harmonic, geometric, many,
  // medium, few}, f1_macro; the method's figures; validation_{accuracy, agreement, covering, approximated};
  // confidence_{accuracy, mean_max}; selection_*.
  std::map<std::string, double> measure();
  // Of the last measure(), of the test split: means over the views of a test-time ensemble, where there is one.
  const method::Outputs& predictions() const { return predictions_; }
  // Of all samples of a split: means over the views of a test-time ensemble, where there is one.
  method::Outputs predict(const std::string& split);
  void put_classes(store::RunContent& content) const { measured_.put_classes(content); }

 private:
  void add_states(std::map<std::string, double>&);

  method::Method& method_;
  Engine& engine_;
  ImageSource& source_;
  const Oracle& oracle_;
  PredictionMetrics measured_;
  method::Outputs predictions_;
};

}  // namespace winnow::train
