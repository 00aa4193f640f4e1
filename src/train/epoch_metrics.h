// What a training stage is measured by after every epoch: the test split, samples set aside, and its own states.
#pragma once

#include <map>
#include <string>

#include "image_source.h"
#include "winnow/method/method.h"
#include "winnow/train/engine.h"
#include "winnow/train/evaluation.h"

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
  void put_classes(store::RunContent&) const;  // metrics/classes of the last measure()

 private:
  void add_classes(std::map<std::string, double>&);
  void add_validation(std::map<std::string, double>&);
  void add_states(std::map<std::string, double>&);

  method::Method& method_;
  Engine& engine_;
  ImageSource& source_;
  const Oracle& oracle_;
  at::Tensor counts_, shots_;  // training samples by class (undefined: unknown), and those that say which are many-shot
  method::Outputs predictions_;
  ClassAccuracy by_class_;
};

}  // namespace winnow::train
