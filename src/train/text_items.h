// Texts of the classes as a stage's training samples, in the place of images. Its other splits are images.
#pragma once

#include "winnow/train/source.h"

namespace winnow::train {

class TextItems final : public Source {
 public:
  // An epoch is `steps` batches, each of all texts. text_classes: K, int64, on the host, the class of each, which is
  // its given label. `real`: type and device of what a method sees. Borrows the images.
  TextItems(Source& images, at::Tensor text_classes, std::int64_t epochs, std::int64_t steps,
            const at::TensorOptions& real);

  std::int64_t classes() const override { return images_.classes(); }
  std::int64_t size(const std::string& split) const override {
    return split == "train" ? on_host_.size(0) : images_.size(split);
  }
  std::int64_t epochs() const override { return epochs_; }
  std::int64_t steps_per_epoch() const override { return steps_; }
  std::int64_t batch() const override { return on_host_.size(0); }
  // Of the split "train" there are none: a text's features are an input of the method. InternalError.
  at::Tensor inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                    std::int64_t epoch) override;
  std::optional<RowsContent> content_of(const std::string& split, const std::string& view, const at::Tensor& ids,
                                        std::int64_t epoch) const override {
    return split == "train" ? std::nullopt : images_.content_of(split, view, ids, epoch);
  }
  std::vector<Batch> batches(std::int64_t epoch) override;
  const at::Tensor& given() override { return given_; }
  const at::Tensor& candidates() override { return candidates_; }
  const at::Tensor& labels(const std::string& split) override { return images_.labels(split); }
  const std::map<std::string, at::Tensor>& handed_over() const override { return images_.handed_over(); }

 private:
  Source& images_;
  at::Tensor on_host_, given_, candidates_;
  std::int64_t epochs_, steps_;
};

}  // namespace winnow::train
