// A data set's decoded cache as a source: samples, labels, views and order of one stage.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "earlier_labels.h"
#include "oracle.h"
#include "picture_views.h"
#include "winnow/data/pixels.h"
#include "winnow/label/corruption.h"
#include "winnow/train/execute.h"
#include "winnow/train/source.h"

namespace winnow::train {

class ImageSource final : public Source {
 public:
  // What of the stage's settings the source serves, beyond data.*.
  struct Needs {
    bool labels = false;                          // reads labels.*
    bool training = false;                        // reads train.{epochs,batch,drop_last}, seed; without it there is no epoch
    bool views = false;                           // reads views.*; the view `plain` is always there
    std::vector<view::Step> own = {};             // what the view `model` is
  };
  // Pictures become image_size x image_size; 0: no model looks at them. Candidate sets of an earlier stage take the place of labels.*: the source
  // then has their samples alone. DataError when the cache is not the one that the stage's fingerprint names, or when earlier
  // stages speak of other samples.
  ImageSource(const Stage&, const Context&, view::Normalisation, std::int64_t image_size, at::TensorOptions real, Needs, const EarlierLabels& = {});

  // Token rows of class prompts (C x context), and of captions: tokens of (ids, epoch), B x context.
  void set_prompts(at::Tensor tokens) { prompts_ = std::move(tokens); }
  void set_captions(std::function<at::Tensor(const at::Tensor& samples, std::int64_t epoch)> captions) { captions_ = std::move(captions); }

  void hand_over(std::map<std::string, at::Tensor> inputs) { handed_over_ = std::move(inputs); }

  // The true labels, once: afterwards nothing that trains can reach them through this source.
  Oracle take_oracle() { return std::exchange(oracle_, Oracle()); }

  const std::vector<std::string>& class_names() const { return pixels_.classes(); }
  std::int64_t members() const { return views_.members(); }          // of the test-time ensemble; 1: there is none
  void use_member(std::int64_t member) { views_.use_member(member); }
  const at::Tensor& samples(const std::string& split) const;         // indices into the data set
  bool has_given() const { return given_.defined(); }                // else candidate sets
  // Of the samples that data.validation sets aside (empty: none): what annotators gave. Undefined where labels are synthetic.
  const at::Tensor& validation_given() const { return validation_given_; }
  const at::Tensor& validation_candidates() const { return validation_candidates_; }

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
  at::Tensor samples_of(const at::Tensor& ids) const override { return train_.samples.index_select(0, ids); }

 private:
  struct Part {
    at::Tensor samples;
  };
  // Training pictures as a step asked for them: a forward with updated weights asks again, and so does a mixed one.
  struct Made {
    std::string view;
    at::Tensor ids;
    std::int64_t epoch = 0;
    at::Tensor pictures;
  };
  void declare_ensemble(const Settings&);
  void set_aside(const Settings&);
  void keep_long_tail(const Settings&, std::span<const std::int64_t> all_labels);
  void keep_narrowed(const EarlierLabels&);
  void make_labels(const label::Spec&, const EarlierLabels&);
  void take_given(at::Tensor given);
  void read_annotations(const Stage&);
  const Part& part(const std::string& split) const;

  data::Pixels pixels_;
  PictureViews views_;
  std::deque<Made> made_;                                             // the last ones
  at::TensorOptions real_;
  Part train_, validation_, test_;
  Oracle oracle_;
  at::Tensor given_, candidates_, validation_given_, validation_candidates_, prompts_;
  std::function<at::Tensor(const at::Tensor&, std::int64_t)> captions_;
  std::optional<label::NumpyLegacy> after_choice_;                    // the generator that chose the samples; candidate sets go on from it
  std::uint64_t choice_seed_ = 0;
  std::map<std::string, at::Tensor> handed_over_;
  std::int64_t epochs_ = 0, batch_ = 1;
  bool drop_last_ = false;
  std::uint64_t seed_ = 0;
};

}  // namespace winnow::train
