// The views of a data set's images: pixels from the cache, parameters from counter streams, a batch for the model.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "winnow/data/kept_images.h"
#include "winnow/data/pixels.h"
#include "winnow/view/pipeline.h"
#include "winnow/view/view.h"

namespace winnow::train {

class ImageViews {
 public:
  // Test-time ensembles (docs/methods/partial-labels.md#3.4): view `plain` of the other splits becomes one of several
  // views, whose logits are averaged. "five-crop", "ten-crop": of the short side resized to side + expand; "randaug":
  // `times` random resized crops, flipped, the same in every evaluation. A member decodes its images again: little
  // beside a forward of the model.
  struct Ensemble {
    std::string kind = "none";
    std::int64_t expand = 0, times = 0;
  };

  // What is seen of the images, beside `plain` of the training split, which is always there. A pipeline is named, or
  // "flip-crop", or "model": `own`, the model's own preprocessing; a normalisation is named, or "model": its own.
  struct Declared {
    struct Training {
      std::string pipeline;
      std::uint64_t index = 0;  // of its draws: views of one pipeline differ by it
      std::string normalisation = "model";
    };
    struct Test {
      std::string pipeline = "plain", normalisation = "model";
    };
    std::map<std::string, Training> training = {};  // by their names
    std::optional<Test> test = {};                  // view `plain` of the other splits; none: as on the training split
    Ensemble ensemble = {};                         // in its place; normalised as it is
    std::uint64_t seed = 0;                         // of all draws
    std::vector<view::Step> own = {};
    // Images of a packed data set are kept beside this cache after a view's first steps, where those make one size
    // (data/kept_images.h); empty: every epoch decodes them again. The same pixels either way.
    Path kept_beside = {};
  };

  // `side`: of the model's images; 0: no model looks at them. `pixels` outlives this object. Every image, whatever its
  // size, becomes side x side. UsageError for unknown pipelines and normalisations.
  ImageViews(const data::Pixels& pixels, view::Normalisation model, std::int64_t side, at::TensorOptions real,
             const Declared&);

  std::int64_t members() const { return members_; }  // of the ensemble; 1: none

  // Images for indices into the split: "train", "test", or "validation" and "scored", whose images are of the training
  // set and whose view `plain` is the test split's. `member`: of the ensemble. First their levels, uint8, B x side x
  // side x channels (grey ones may have one), on the host and from any thread; then B x 3 x side x side, normalised, in
  // the precision and on the device of `real`. make() is both.
  at::Tensor levels(const std::string& split, const std::string& name, const at::Tensor& samples, std::int64_t epoch,
                    std::int64_t member = 0) const;
  at::Tensor normalised(const std::string& split, const std::string& name, const at::Tensor& levels) const;

  // Whether an image has the same levels in every epoch.
  bool is_fixed(const std::string& split, const std::string& name) const;
  // All that its levels and their normalised rows depend on beside the data set, the sample, the epoch where it is not
  // fixed, and the member of an ensemble. Empty: it cannot be said.
  std::string description(const std::string& split, const std::string& name) const;
  // Whether the view is a flip and a crop of the images as they are stored, in the model's size: stored(), uint8 on the
  // host, B x side x side x channels. Then flip_crop_there gives the levels of `samples` on the device of `images`,
  // their stored images, in their order.
  bool is_flip_crop(const std::string& split, const std::string& name) const;
  at::Tensor stored(const std::string& split, const at::Tensor& samples) const;
  at::Tensor flip_crop_there(const std::string& split, const std::string& name, const at::Tensor& samples,
                             std::int64_t epoch, const at::Tensor& images) const;
  at::Tensor make(const std::string& split, const std::string& name, const at::Tensor& samples, std::int64_t epoch,
                  std::int64_t member = 0) const {
    return normalised(split, name, levels(split, name, samples, epoch, member));
  }

 private:
  struct View {
    std::string pipeline_name;
    std::string steps;                       // for description(); empty: it cannot be said
    std::optional<view::Pipeline> pipeline;  // none: flip-crop
    std::uint64_t index = 0, seed = 0;       // of its streams
    view::Normalisation normalisation;
    std::optional<view::Normaliser> normalise;
    view::Pipeline::Beginning beginning;  // of kept images; else no steps
    std::shared_ptr<data::KeptImages> kept_train, kept_test;
  };
  View view_of(const std::string& pipeline, const std::string& normalisation) const;
  const View& view(const std::string& split, const std::string& name) const;
  const data::Split& split_of(const std::string& split) const {
    return split == "test" ? pixels_.test() : pixels_.train();
  }
  std::int64_t padding() const { return side_ / 8; }  // of flip-crop
  bool is_model_size(const data::Split& split) const {
    return !split.packed() && split.height == side_ && split.width == side_;
  }
  void add_ensemble(const Ensemble&, std::uint64_t seed);
  void keep_beginning(View&, const Path& cache) const;
  std::vector<at::Tensor> begun(const View&, const data::Split&, const at::Tensor& samples) const;
  at::Tensor drawn(const View&, const data::Split&, const at::Tensor& samples, std::int64_t epoch) const;
  at::Tensor member_levels(const data::Split&, const at::Tensor& samples, std::int64_t member) const;
  std::vector<view::FlipCrop> drawn_flips(const View&, const at::Tensor& samples, std::int64_t epoch) const;
  at::Tensor flip_crop(const View&, const data::Split&, const at::Tensor& samples, std::int64_t epoch) const;

  const data::Pixels& pixels_;
  view::Normalisation model_;
  std::vector<view::Step> own_;
  std::int64_t side_;
  at::TensorOptions real_;
  std::map<std::string, View> views_;
  std::optional<View> test_, ensemble_;
  std::int64_t members_ = 1;
};

}  // namespace winnow::train
