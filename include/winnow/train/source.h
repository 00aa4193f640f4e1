// Where a training stage's rows, labels, order and draws come from: a data set's cache, or a recorded case (`replay`).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/core/hash.h"

namespace winnow::train {

// What rows of a view are made of: where all of it is equal, they have the same bits, whoever asks for them and when.
struct RowsContent {
  std::string data, view;  // fingerprint of the images' data set; what is seen of them, with the seed of what is drawn
  Hash128 rows;            // which of them, in their order, and in which epoch where that matters
  bool fixed = false;      // the view is the same in every epoch
};

// One global batch, on the host: B sample ids, and the given labels of its items where the stage has given labels.
struct Batch {
  at::Tensor ids;
  at::Tensor given;
};

// One thread at a time. What it returns is of the same content whenever it is asked: who wants to name the samples of a
// step that failed asks for its batch again.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::int64_t classes() const = 0;
  virtual std::int64_t size(const std::string& split) const = 0;
  virtual std::int64_t epochs() const = 0;
  virtual std::int64_t steps_per_epoch() const = 0;
  virtual std::int64_t batch() const = 0;  // nominal

  // Inputs of a tower: the rows of a view for these samples, regenerated from streams of (epoch, sample): B x 3 x side
  // x side, of any strides (often channels-last), in the stage's precision and on its device. ids: B, int64, on the
  // host. With the view "", the token rows of class prompts (ids are classes), with "caption" those of the samples'
  // captions: B x context, int64. The result may be shared with the next call: it is not written to.
  virtual at::Tensor inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                            std::int64_t epoch) = 0;
  // Of such rows; none: they are not known to be the same the next time, or they are no images.
  virtual std::optional<RowsContent> content_of(const std::string& /*split*/, const std::string& /*view*/,
                                                const at::Tensor& /*ids*/, std::int64_t /*epoch*/) const {
    return std::nullopt;
  }
  virtual std::vector<Batch> batches(std::int64_t epoch) = 0;  // steps_per_epoch() of them, at least one row each

  // On the stage's device, as what earlier stages hand over.
  virtual const at::Tensor& given() = 0;       // N, int64, in 0..C-1; UsageError where there are none
  virtual const at::Tensor& candidates() = 0;  // N x C of zeros and ones in the stage's precision
  virtual const std::map<std::string, at::Tensor>& handed_over() const = 0;  // inputs from earlier stages, by name
  // On the stage's device: of a split that is declared labelled. UsageError where it is not.
  virtual const at::Tensor& labels(const std::string& split);
  virtual at::Tensor samples_of(const at::Tensor& ids) const { return ids; }  // the data set's numbers, for messages

  // The recorded draw that replaces a stream, on the host, or none.
  virtual std::optional<at::Tensor> recorded(std::string_view, std::int64_t /*epoch*/, std::int64_t /*step*/,
                                             std::int64_t /*iteration*/, std::int64_t /*index*/, bool /*in_pass*/) {
    return std::nullopt;
  }
};

}  // namespace winnow::train
