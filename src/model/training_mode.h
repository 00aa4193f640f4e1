// What distinguishes a convolutional tower's training mode: BatchNorms that take the moments of the batch, and dropout.
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <string>

#include "winnow/model/tower.h"

namespace winnow::model {

// Running moments of one BatchNorm, and what forwards in training mode have seen since the moments last moved.
struct RunningMoments {
  std::string name;
  Parameter *mean, *variance;
  double momentum;
  at::Tensor mean_seen, variance_seen;  // sums over forwards, weighted by rows
  double rows = 0;
};

// One per tower, read by its layers; the addresses of moments stay valid for life.
class TrainingMode {
 public:
  RunningMoments* add(const std::string& name, Parameter* mean, Parameter* variance, double momentum);
  std::uint64_t add_dropout() { return dropouts_++; }          // a number for its draws
  const TrainingForward* forward() const { return forward_; }  // null in evaluation mode

  bool has_batch_statistics() const;
  void use_batch_statistics();
  void move();
  void forget();

  // Training mode for its lifetime.
  class During {
   public:
    During(TrainingMode& mode, const TrainingForward& forward) : mode_(mode) { mode_.forward_ = &forward; }
    ~During() { mode_.forward_ = nullptr; }
    During(const During&) = delete;

   private:
    TrainingMode& mode_;
  };

 private:
  const TrainingForward* forward_ = nullptr;
  std::deque<RunningMoments> all_;
  std::uint64_t dropouts_ = 0;
};

// Stored statistics in evaluation mode and in frozen towers. In training mode, where the tower's moments are averaged,
// those of all rows of the forward, whichever process has them; the gradient through them included. UsageError where
// they are of a single value.
struct BatchNorm {
  Parameter *weight, *bias;
  RunningMoments* moments;
  TrainingMode* mode;
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor normalised(const at::Tensor& x) const;
};

// In training mode zero with this probability, else x / (1 - probability). Draws are keyed by seed, forward, layer and
// row, so a row has the same mask in whichever slice or chunk it is computed.
struct Dropout {
  double probability;
  std::uint64_t layer;
  TrainingMode* mode;
  at::Tensor operator()(const at::Tensor& x) const;
};

}  // namespace winnow::model
