// A data set's decoded cache as a source: samples, labels, views and order of one stage.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "earlier_labels.h"
#include "image_views.h"
#include "oracle.h"
#include "winnow/data/pixels.h"
#include "winnow/label/corruption.h"
#include "winnow/train/execute.h"
#include "winnow/train/source.h"

namespace winnow::train {

class ImageSource final : public Source {
 public:
  // Pipelines and normalisations of the views, as the keys views.* name them; "model": the model's own.
  struct Views {
    std::string weak = "plain", strong = "plain", key = "plain", test = "plain";
    std::string normalisation = "model", test_normalisation = "model";
    ImageViews::Ensemble ensemble{"none"};
    std::vector<view::Step> own = {};  // what the view `model` is

    static Views from(const Settings&, std::vector<view::Step> own);
  };
  // What of the stage's settings the source serves, beyond data.*.
  struct Options {
    view::Normalisation normalisation = {};
    std::int64_t image_size = 0;  // images become image_size x image_size; 0: no model looks at them
    at::TensorOptions real = at::TensorOptions(at::kFloat);
    bool labels = false;              // reads labels.*
    bool training = false;            // reads train.{epochs,batch,drop_last}, seed; without it there is no epoch
    std::optional<Views> views = {};  // the view `plain` is always there
    EarlierLabels earlier = {};       // candidate sets take the place of labels.*: the source has their samples alone
  };
  // The source, and the true labels, which it does not keep: nothing that trains can reach them through it.
  struct Opened {
    std::unique_ptr<ImageSource> source;
    Oracle oracle;
  };
  // DataError when the cache is not the one that the stage's fingerprint names, when a label is none of the classes, or
  // when earlier stages speak of other samples.
  static Opened open(const Stage&, const Context&, Options);

  const std::vector<std::string>& class_names() const { return pixels_.classes(); }
  std::int64_t skipped() const {
    return pixels_.skipped();
  }  // images that the data set lacks because they do not decode
  // Calls visit for each view of the test-time ensemble, which is then what `plain` yields; once where there is none.
  // Their number.
  std::int64_t for_each_member(const std::function<void()>& visit);
  const at::Tensor& samples(const std::string& split) const;  // indices into the data set
  bool has_given() const { return given_.defined(); }         // else candidate sets
  // Of the samples that data.validation sets aside (empty: none): what annotators gave. Undefined where labels are
  // synthetic.
  const at::Tensor& validation_given() const { return validation_given_; }
  const at::Tensor& validation_candidates() const { return validation_candidates_; }

  std::int64_t classes() const override { return static_cast<std::int64_t>(pixels_.classes().size()); }
  std::int64_t size(const std::string& split) const override { return samples(split).size(0); }
  std::int64_t epochs() const override { return epochs_; }
  std::int64_t steps_per_epoch() const override;
  std::int64_t batch() const override { return batch_; }
  at::Tensor inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                    std::int64_t epoch) override;
  std::vector<Batch> batches(std::int64_t epoch) override;
  const at::Tensor& given() override;
  const at::Tensor& candidates() override;
  const std::map<std::string, at::Tensor>& handed_over() const override { return handed_over_; }
  at::Tensor samples_of(const at::Tensor& ids) const override { return train_.samples.index_select(0, ids); }

 private:
  struct Part {
    at::Tensor samples;
  };
  // Training images as a step asked for them: a forward with updated weights asks again, and so does a mixed one.
  struct Made {
    std::string view;
    at::Tensor ids;
    std::int64_t epoch = 0;
    at::Tensor images;
  };
  ImageSource(const Stage&, const Context&, Options, Oracle&);
  void declare(const Views&);
  void set_aside(const Settings&);
  void keep_long_tail(const Settings&, std::span<const std::int64_t> all_labels);
  void keep_narrowed(const EarlierLabels&);
  void take_selection(const EarlierLabels&);
  void make_labels(const label::Spec&, const EarlierLabels&, const at::Tensor& true_labels);
  void take_given(at::Tensor given);
  void take_candidates(const at::Tensor& sets);
  void read_annotations(const Stage&, Oracle&);
  const Part& part(const std::string& split) const;

  data::Pixels pixels_;
  ImageViews views_;
  std::deque<Made> made_;  // the last ones
  at::TensorOptions real_;
  Part train_, validation_, test_;
  at::Tensor given_, given_on_host_, candidates_, validation_given_, validation_candidates_;
  std::optional<label::NumpyLegacy>
      after_choice_;  // the generator that chose the samples; candidate sets continue its draws
  std::uint64_t choice_seed_ = 0;
  std::map<std::string, at::Tensor> handed_over_;
  std::int64_t epochs_ = 0, batch_ = 1;
  bool drop_last_ = false;
  std::uint64_t seed_ = 0;
};

// The number of classes of a stage's data set; nothing but its cache is opened.
std::int64_t classes_of(const Stage&, const Context&);

}  // namespace winnow::train
