// Images with texts beside them: the views "" (prompts of classes) and "caption" (of samples) of text towers.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "winnow/train/source.h"

namespace winnow::train {

class TextsSource final : public Source {
 public:
  // Token rows for numbers of prompts (B x columns, int64; the same each time, they go to the device once), and for the
  // data set's numbers of samples; on the host.
  using Prompts = std::function<at::Tensor(const at::Tensor& ids)>;
  using Captions = std::function<at::Tensor(const at::Tensor& samples, std::int64_t epoch)>;

  // Borrows the images' source. Without prompts or captions there is no such view.
  TextsSource(Source& images, Prompts prompts, Captions captions, c10::Device device);

  std::int64_t classes() const override { return images_.classes(); }
  std::int64_t size(const std::string& split) const override { return images_.size(split); }
  std::int64_t epochs() const override { return images_.epochs(); }
  std::int64_t steps_per_epoch() const override { return images_.steps_per_epoch(); }
  std::int64_t batch() const override { return images_.batch(); }
  at::Tensor inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                    std::int64_t epoch) override;
  std::optional<RowsContent> content_of(const std::string& split, const std::string& view, const at::Tensor& ids,
                                        std::int64_t epoch) const override {
    return view.empty() || view == "caption" ? std::nullopt : images_.content_of(split, view, ids, epoch);
  }
  std::vector<Batch> batches(std::int64_t epoch) override { return images_.batches(epoch); }
  const at::Tensor& given() override { return images_.given(); }
  const at::Tensor& candidates() override { return images_.candidates(); }
  const at::Tensor& labels(const std::string& split) override { return images_.labels(split); }
  const std::map<std::string, at::Tensor>& handed_over() const override { return images_.handed_over(); }
  at::Tensor samples_of(const at::Tensor& ids) const override { return images_.samples_of(ids); }

 private:
  const at::Tensor& prompts_there(const at::Tensor& ids);

  Source& images_;
  Prompts prompts_;
  std::map<std::vector<std::int64_t>, at::Tensor> prompts_there_;  // by their numbers, on the device
  Captions captions_;
  c10::Device device_;
};

}  // namespace winnow::train
