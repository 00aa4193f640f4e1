// The tables metrics/epochs, metrics/steps and metrics/final of a training stage.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loop.h"
#include "winnow/store/run_file.h"

namespace winnow::train {

// How the column of a further test split begins: "accuracy_on_ilsvrc12-50".
inline constexpr std::string_view kAccuracyOn = "accuracy_on_";

class SavedEntries;

class Curves {
 public:
  // One row of metrics/epochs: the same names every epoch, "accuracy" among them where the stage predicts.
  void add(const EpochEnd&, const std::map<std::string, double>& metrics);

  // metrics/final: every metric of the last epoch; accuracy_best and epoch_best (the first best one) over all; with
  // validation samples accuracy_validation and epoch_validation, of the epoch that is best on those (the first one).
  // metrics/steps: the loss, thinned to at most 500 rows (every k-th step, the last one always). Without losses
  // (undefined) nothing is said of loss and learning rate.
  void put(store::RunContent&, const at::Tensor& losses) const;

  // For checkpoints: "curve/..." tensors. What is loaded must fit, see Engine.
  void save(std::map<std::string, at::Tensor>&) const;
  void require_fit(SavedEntries&, std::int64_t epochs) const;
  void load(const std::map<std::string, at::Tensor>&);

 private:
  std::vector<EpochEnd> epochs_;
  std::map<std::string, std::vector<double>> metrics_;
};

}  // namespace winnow::train
