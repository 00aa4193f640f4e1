// Rows as a source, and settings of plain gradient descent: what a test of engine and methods needs where no image is.
#pragma once

#include <ATen/ATen.h>

#include "winnow/core/settings.h"
#include "winnow/device/transfer.h"
#include "winnow/train/source.h"

namespace winnow::train {

// One view of N rows in three classes, all rows in one batch, in their order. The given labels are 0.
class RowsSource final : public Source {
 public:
  explicit RowsSource(at::Tensor rows, std::int64_t steps = 1, c10::Device device = at::kCPU)
      : rows_(std::move(rows)), given_(at::zeros({rows_.size(0)}, at::kLong)), steps_(steps), device_(device) {}

  const at::Tensor& rows() const { return rows_; }
  std::int64_t classes() const override { return 3; }
  std::int64_t size(const std::string&) const override { return rows_.size(0); }
  std::int64_t epochs() const override { return 2; }
  std::int64_t steps_per_epoch() const override { return steps_; }
  std::int64_t batch() const override { return rows_.size(0); }
  at::Tensor inputs(const std::string&, const std::string&, const at::Tensor& ids, std::int64_t) override {
    return device::to_device(rows_.index_select(0, ids), device_);
  }
  std::vector<Batch> batches(std::int64_t) override {
    return std::vector<Batch>(static_cast<std::size_t>(steps_), {at::arange(rows_.size(0), at::kLong), given_});
  }
  const at::Tensor& given() override { return given_; }
  const at::Tensor& candidates() override { return given_; }
  const std::map<std::string, at::Tensor>& handed_over() const override { return none_; }

 private:
  at::Tensor rows_, given_;
  std::int64_t steps_;
  c10::Device device_;
  std::map<std::string, at::Tensor> none_;
};

inline Settings gradient_descent() {
  return Settings(std::map<std::string, Value>{{"train.optimizer", "sgd"},
                                               {"train.lr", 0.1},
                                               {"train.momentum", 0.0},
                                               {"train.weight_decay", 0.0},
                                               {"train.nesterov", false},
                                               {"train.schedule", "constant"},
                                               {"seed", 0}});
}

}  // namespace winnow::train
