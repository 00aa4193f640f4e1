// A stage's line as far as its images: which samples, what is told of them, what is seen of them, in this order, each
// made once and complete from its own settings. docs/design.md#13.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "earlier_labels.h"
#include "image_source.h"
#include "oracle.h"
#include "stage_views.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// What of the stage's settings is used, beyond data.*.
struct ImageOptions {
  view::Normalisation normalisation = {};
  std::int64_t image_size = 0;  // images become image_size x image_size; 0: no model looks at them
  at::TensorOptions real = at::TensorOptions(at::kFloat);
  std::uint64_t seed = 0;                // of views, where there is no training
  bool labels = false;                   // reads labels.*
  bool training = false;                 // reads train.{epochs,batch,drop_last}, seed; without it there is no epoch
  std::optional<StageViews> views = {};  // the view `plain` is always there
  std::function<std::map<std::string, at::Tensor>(const at::Tensor& samples)> inputs =
      {};                      // of the method (method_inputs.h)
  EarlierLabels earlier = {};  // candidate sets take the place of labels.*: the source has their samples alone
};

// The source, and the true labels, which it does not keep: nothing that trains can reach them through it.
struct OpenedImages {
  std::unique_ptr<ImageSource> source;
  Oracle oracle;
};

// DataError when the cache is not the one that the stage's fingerprint names, when a label is none of the classes, or
// when earlier stages speak of other samples.
OpenedImages open_images(const Stage&, const Context&, ImageOptions);

// The number of classes of a stage's data set; nothing but its cache is opened.
std::int64_t classes_of(const Stage&, const Context&);

}  // namespace winnow::train
