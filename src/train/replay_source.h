// A recorded training run as a source: data set `replay`. tests/golden/README.md says what a case brings.
#pragma once

#include "winnow/train/execute.h"
#include "winnow/train/source.h"

namespace winnow::train {

class ReplaySource final : public Source {
 public:
  // Checks the recorded order against train.{epochs,batch}. Borrows the replay, whose tensors are on the host.
  ReplaySource(const Settings&, const Replay&, at::TensorOptions real);

  std::int64_t classes() const override { return classes_; }
  std::int64_t size(const std::string& split) const override;
  std::int64_t epochs() const override { return order_.size(0); }
  std::int64_t steps_per_epoch() const override { return order_.size(1); }
  std::int64_t batch() const override { return order_.size(2); }
  at::Tensor inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                    std::int64_t epoch) override;
  std::vector<Batch> batches(std::int64_t epoch) override;
  const at::Tensor& given() override;
  const at::Tensor& candidates() override;
  const at::Tensor& labels(const std::string& split) override;
  const std::map<std::string, at::Tensor>& handed_over() const override { return handed_over_; }
  std::optional<at::Tensor> recorded(std::string_view purpose, std::int64_t epoch, std::int64_t step,
                                     std::int64_t iteration, std::int64_t index, bool in_pass) override;

 private:
  const Replay& replay_;
  c10::Device device_;
  at::Tensor order_, order_label_, given_, given_on_host_, candidates_;
  std::int64_t classes_;
  std::map<std::string, at::Tensor> handed_over_;
  std::map<std::string, at::Tensor> labels_;  // by split
};

}  // namespace winnow::train
