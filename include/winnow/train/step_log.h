// A figure of every step: those of the running epoch on the device, so that no step waits for one, the others on the
// host.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace winnow::train {

class StepLog {
 public:
  void add(at::Tensor value);             // without dimensions, on the stage's device
  void settle();                          // moves them to the host: looks at the device, once
  at::Tensor all() const;                 // one value a step, on the host; looks at the device
  void load(at::Tensor values);           // the same, of a checkpoint
  bool takes(at::ScalarType type) const;  // all values have one type
  bool empty() const { return recent_.empty() && (!kept_.defined() || kept_.numel() == 0); }

 private:
  at::Tensor kept_;
  std::vector<at::Tensor> recent_;
};

}  // namespace winnow::train
