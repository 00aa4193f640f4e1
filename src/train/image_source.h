// A data set's decoded cache as a source: samples, labels, views and order of one stage.
#pragma once

#include <functional>

#include "winnow/data/pixels.h"
#include "winnow/label/corruption.h"
#include "winnow/train/execute.h"
#include "winnow/train/source.h"
#include "winnow/view/view.h"

namespace winnow::train {

class ImageSource final : public Source {
 public:
  // Reads data.*, labels.* (only with `labelled`), views.*, train.{epochs,batch,drop_last}, seed. DataError when the cache is
  // not the one that the stage's fingerprint names.
  ImageSource(const Stage&, const Context&, view::Normalisation, std::int64_t image_size, at::TensorOptions real, bool labelled);

  // Token rows of class prompts (C x context), and of captions: tokens of (ids, epoch), B x context.
  void set_prompts(at::Tensor tokens) { prompts_ = std::move(tokens); }
  void set_captions(std::function<at::Tensor(const at::Tensor& samples, std::int64_t epoch)> captions) { captions_ = std::move(captions); }

  const std::vector<std::string>& class_names() const { return pixels_.classes(); }
  const at::Tensor& true_labels(const std::string& split) const;     // for evaluation and diagnostics alone
  const at::Tensor& samples(const std::string& split) const;         // indices into the data set

  std::int64_t classes() const override { return static_cast<std::int64_t>(pixels_.classes().size()); }
  std::int64_t size(const std::string& split) const override { return samples(split).size(0); }
  std::int64_t epochs() const override { return epochs_; }
  std::int64_t steps_per_epoch() const override;
  std::int64_t batch() const override { return batch_; }
  at::Tensor inputs(const std::string& split, const std::string& view, const at::Tensor& ids, std::int64_t epoch) override;
  std::vector<Batch> batches(std::int64_t epoch) override;
  const at::Tensor& given() override;
  const at::Tensor& candidates() override;
  const std::map<std::string, at::Tensor>& handed_over() const override { return handed_over_; }

 private:
  struct Part {
    at::Tensor pictures, samples, truth;
  };
  void make_labels(const label::Spec&);
  const Part& part(const std::string& split) const;

  data::Pixels pixels_;
  view::Normalisation normalisation_;
  at::TensorOptions real_;
  Part train_, test_;
  at::Tensor given_, candidates_, prompts_;
  std::function<at::Tensor(const at::Tensor&, std::int64_t)> captions_;
  struct View {
    view::Kind kind;
    std::uint64_t index;                          // of its streams
  };
  std::map<std::string, View> views_;
  std::map<std::string, at::Tensor> handed_over_;
  std::int64_t epochs_, batch_;
  bool drop_last_;
  std::uint64_t seed_;
};

}  // namespace winnow::train
