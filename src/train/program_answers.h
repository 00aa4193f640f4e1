// What a method that is a program answers: safetensors files in its output folder (docs/programs.md#4). Refused, with
// file and entry, is whatever is not about exactly the samples that were handed over.
#pragma once

#include <map>
#include <string>

#include "handover.h"
#include "selected_subset.h"
#include "winnow/model/outputs.h"

namespace winnow::train {

// Borrows the handover. All rows are in the order of the source's samples, on the host. UsageError for an answer that
// is none.
class ProgramAnswers {
 public:
  ProgramAnswers(Path folder, const Handover& handover, std::int64_t classes)
      : folder_(std::move(folder)), handover_(handover), classes_(classes) {}

  // By split: `test`, `test.NAME` of further test splits, and `validation` where samples are set aside. Entries N
  // (classes; becomes "prediction", N x C, zeros and ones) or N x C (scores: "logits").
  std::map<std::string, model::Outputs> predictions(const std::string& file) const;
  // mask (N, u8 or bool); label (N, integers), else `given`; score (N, real) or none.
  SelectedSubset selection(const std::string& file, const at::Tensor& given) const;
  // train: N x C.
  model::Outputs scores(const std::string& file) const;
  // Whatever it has learnt, by its own names: reals, integers or truth values, all finite.
  std::map<std::string, at::Tensor> weights(const std::string& file) const;

 private:
  SafeTensors open(const std::string& file) const;
  std::int64_t samples(const std::string& split) const { return handover_.order.at(split).numel(); }
  at::Tensor in_source_order(const at::Tensor& rows, const std::string& split) const;
  model::Outputs outputs_of(const SafeTensors&, const std::string& entry, const std::string& split) const;
  at::Tensor classes_in(const SafeTensors&, const std::string& entry, std::int64_t rows) const;

  Path folder_;
  const Handover& handover_;
  std::int64_t classes_;
};

}  // namespace winnow::train
