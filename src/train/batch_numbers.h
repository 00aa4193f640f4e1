// Numbers of samples and given labels of an epoch's batches on the device: many steps' go there in one copy, so that a
// step copies none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "winnow/method/ids.h"
#include "winnow/train/source.h"

namespace winnow::train {

// Borrows the batches. One thread, which asks for them in any order: for some steps behind one another at a time.
class BatchNumbers {
 public:
  BatchNumbers(const std::vector<Batch>&, c10::Device);

  struct OfStep {
    method::Ids ids, given;  // given: none where the stage has candidate sets
  };
  OfStep of(std::size_t step);

 private:
  const std::vector<Batch>& batches_;
  c10::Device device_;
  std::size_t first_ = 0, last_ = 0;  // the steps whose numbers are there
  std::vector<OfStep> there_;
};

}  // namespace winnow::train
