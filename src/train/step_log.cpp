#include "winnow/train/step_log.h"

#include <ATen/ATen.h>

#include "winnow/device/transfer.h"

namespace winnow::train {

void StepLog::add(at::Tensor value) { recent_.push_back(std::move(value)); }

void StepLog::settle() {
  kept_ = all();
  recent_.clear();
}

at::Tensor StepLog::all() const {
  if (recent_.empty()) return kept_.defined() ? kept_ : at::empty({0}, at::TensorOptions(at::kDouble));
  at::Tensor recent = device::to_host(at::stack(recent_));
  return kept_.defined() && kept_.numel() ? at::cat({kept_, recent}) : recent;
}

void StepLog::load(at::Tensor values) {
  kept_ = std::move(values);
  recent_.clear();
}

bool StepLog::takes(at::ScalarType type) const {
  if (!recent_.empty()) return recent_.front().scalar_type() == type;
  return !kept_.defined() || kept_.numel() == 0 || kept_.scalar_type() == type;
}

}  // namespace winnow::train
