// What predictions are measured by, whoever made them: winnow's engine, or a program.
#pragma once

#include <map>
#include <string>

#include "image_source.h"
#include "oracle.h"
#include "winnow/store/run_file.h"
#include "winnow/train/evaluation.h"

namespace winnow::train {

// Borrows all. Figures that need true labels that are not known (Oracle) are left out. Predictions are on the host.
class PredictionMetrics {
 public:
  // Settings: evaluation.shot_factor.
  PredictionMetrics(const ImageSource&, const Oracle&, const Settings&);

  // accuracy; accuracy_{class_mean, worst_class, harmonic, geometric, many, medium, few}, f1_macro: of the test split.
  std::map<std::string, double> of_test(const model::Outputs& predictions);
  // Of the further test split of this name.
  double of_further_test(const std::string& name, const model::Outputs& predictions) const;
  // validation_{accuracy, agreement, covering, approximated}: of the samples that data.validation sets aside.
  void add_validation(const model::Outputs& predictions, std::map<std::string, double>& metrics) const;
  void put_classes(store::RunContent&) const;  // metrics/classes of the last of_test()

 private:
  const ImageSource& source_;
  const Oracle& oracle_;
  at::Tensor counts_, shots_;  // training samples by class (undefined: unknown), and those that say which are many-shot
  ClassAccuracy by_class_;
};

}  // namespace winnow::train
