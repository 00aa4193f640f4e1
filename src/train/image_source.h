// Batches and images of a stage: what its line (samples -> labels -> views) gives to the engine. docs/design.md#13.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "image_queue.h"
#include "image_views.h"
#include "images_on_device.h"
#include "learner_labels.h"
#include "samples.h"
#include "winnow/data/pixels.h"
#include "winnow/train/source.h"

namespace winnow::train {

// How samples become batches. train.{epochs,batch,min_steps,max_steps,drop_last}, seed.
struct Batching {
  std::int64_t epochs = 0, batch = 1;
  std::int64_t min_steps = 0, max_steps = 0;  // of the stage, in whole epochs; 0: no limit
  bool drop_last = false;                     // where there is a whole batch
  std::uint64_t seed = 0;                     // of the order
  int loaders = 0;                            // threads that make images ahead of the step
  std::int64_t device_images = 0;             // bytes of images that may stay on the device; nothing stays on the host
};

class ImageSource final : public Source {
 public:
  // `real`: type and device of what a method sees. UsageError for a batch larger than the training set; of items that
  // an earlier stage selected, and of a few samples a class, there may be fewer.
  ImageSource(std::shared_ptr<const data::Pixels>, Samples, LearnerLabels, ImageViews, const Batching&,
              at::TensorOptions real);

  const data::Pixels& pixels() const { return *pixels_; }
  const std::vector<std::string>& class_names() const { return pixels_->classes(); }
  // Images that the data set lacks because they do not decode.
  std::int64_t skipped() const { return pixels_->skipped(); }
  // Calls visit for each view of the test-time ensemble, which is then what `plain` yields; once where there is none.
  // Their number.
  std::int64_t for_each_member(const std::function<void()>& visit);
  const at::Tensor& samples(const std::string& split) const { return samples_.of(split); }  // indices into the data set
  bool has_given() const { return labels_.given.defined(); }                                // else candidate sets
  const LearnerLabels& labels() const { return labels_; }                                   // on the host
  // Images of another data set, whose test split is this one's split "test.NAME" (data_sets.h).
  void add_further_test(const std::string& name, std::unique_ptr<ImageSource>);
  std::vector<std::string> further_tests() const;  // their names
  // Images of another data set, whose test split is this one's split "validation": of a source that sets none aside.
  void add_validation(std::unique_ptr<ImageSource>);
  double waited() const { return queue_.waited(); }  // seconds in which the step had to wait for images

  std::int64_t classes() const override { return static_cast<std::int64_t>(pixels_->classes().size()); }
  std::int64_t size(const std::string& split) const override;
  std::int64_t epochs() const override { return batching_.epochs; }
  std::int64_t steps_per_epoch() const override;
  std::int64_t batch() const override { return batching_.batch; }
  at::Tensor inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                    std::int64_t epoch) override;
  std::optional<RowsContent> content_of(const std::string& split, const std::string& view, const at::Tensor& ids,
                                        std::int64_t epoch) const override;
  std::vector<Batch> batches(std::int64_t epoch) override;
  const at::Tensor& given() override;
  const at::Tensor& labels(const std::string& split) override;
  const at::Tensor& candidates() override { return candidates_; }
  const std::map<std::string, at::Tensor>& handed_over() const override { return handed_over_; }
  at::Tensor samples_of(const at::Tensor& ids) const override { return samples_.train.index_select(0, ids); }

 private:
  // An epoch's order of items, and where each sample is in it: -1 in no batch; of several places the last.
  struct Order {
    std::int64_t epoch = -1;
    at::Tensor ids, given;
    std::vector<std::int64_t> position;
    // Of series that stay on the device as a whole: where the images of all items lie; they go there once an epoch.
    std::map<ImagesOnDevice::Series, at::Tensor> places;
  };
  // Rows of a step's batch, in their order.
  struct RowsOfStep {
    std::int64_t step = 0;
    std::vector<std::int64_t> rows;
    bool in_order() const {
      return rows.back() - rows.front() + 1 == static_cast<std::int64_t>(rows.size()) && ascend();
    }
    bool ascend() const;
  };
  std::int64_t items() const;
  // Rows first .. last - 1 of a step's batch, in this view.
  struct Made {
    std::string view;
    std::int64_t step = 0, first = 0, last = 0;
    at::Tensor levels, images;
  };
  // The last rows of a pass that were asked for.
  struct PassPlace {
    std::string split, view;
    std::int64_t first = 0;
  };
  const Order& order_of(std::int64_t epoch);
  at::Tensor batch_ids(const Order&, std::int64_t step) const;
  WantedImages wanted(const std::string& split, const std::string& view, const at::Tensor& ids,
                      std::int64_t epoch) const;
  ImagesOnDevice::Series series(const std::string& split, const std::string& view) const;
  // Which rows of a step of this epoch these images are; none: of no step, or of several.
  std::optional<RowsOfStep> rows_of_step(const std::string& split, const at::Tensor& ids, std::int64_t epoch) const;
  // Levels of these images in the view, on the device, where they need not come from the host; else undefined.
  at::Tensor from_device(const std::string& split, const std::string& view, const at::Tensor& ids, std::int64_t epoch,
                         const std::optional<RowsOfStep>&);
  at::Tensor kept(const ImagesOnDevice::Series&, const at::Tensor& ids, const std::optional<RowsOfStep>&);
  // Levels on the device; those of a view that is the same in every epoch may stay there.
  at::Tensor to_device(const std::string& split, const std::string& view, const at::Tensor& ids,
                       const at::Tensor& levels);
  at::Tensor of_step(const std::string& view, const RowsOfStep&, const Order&);

  ImageSource* further(const std::string& split) const;  // null: the split is this source's own

  std::map<std::string, std::unique_ptr<ImageSource>> further_;  // by split
  std::shared_ptr<const data::Pixels> pixels_;
  Samples samples_;
  LearnerLabels labels_;
  ImageViews views_;
  Batching batching_;
  at::Tensor given_, candidates_, labelled_;       // on the device
  std::map<std::string, at::Tensor> handed_over_;  // the same
  std::int64_t member_ = 0;                        // of the test-time ensemble
  Order order_;
  PassPlace pass_;
  std::deque<Made> made_;  // of one step
  ImagesOnDevice kept_;
  ImageQueue queue_;  // last: its threads use the views
};

}  // namespace winnow::train
