// What a method's networks and modules are made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "winnow/comm/collective.h"
#include "winnow/model/outputs.h"
#include "winnow/model/weights.h"

namespace winnow::model {

// A forward in training mode, as one process of a gang computes it: a slice of the rows. Where a layer has batch
// statistics the graph keeps a pointer to `gang`, whose sums backward computes: the gang outlives the graph.
struct TrainingForward {
  comm::Collective& gang;
  std::int64_t rows = 0, first = 0;    // of the whole forward; the first of these inputs among them
  std::uint64_t seed = 0, number = 0;  // number: different for every forward of a stage. They key dropout's draws
};

// A tower maps each row of its input to a row of its outputs. Rows do not see each other, but for those of a forward in
// training mode where a layer has batch statistics: such a tower's forwards are computed whole, not in chunks, and by
// all processes of the gang at once, whose moments are put together. One thread at a time: a forward in training mode
// notes what it is in the tower.
class Tower {
 public:
  virtual ~Tower() = default;
  // Pixels B x 3 x H x W (normalised, in the type of the weights), tokens B x context (int64), or the rows of a toy, on
  // the device of the weights; to outputs with B rows each, in the type that the tower was built for. B may be 0.
  virtual Outputs rows(const at::Tensor& inputs) = 0;  // evaluation mode
  // Training mode: the same, but for dropout and batch statistics. Collective for a tower that has the latter.
  virtual Outputs rows_in_training(const at::Tensor& inputs, const TrainingForward&) { return rows(inputs); }
  virtual bool has_batch_statistics() const { return false; }
  // Running averages move by one momentum towards what the forwards in training mode since the last move have seen:
  // their moments, weighted by rows. The same on every process.
  virtual void move_averages() {}
  virtual void forget_forwards() {}        // those that no move followed
  virtual std::int64_t width() const = 0;  // columns of "features"
  Weights& weights() { return weights_; }
  const Weights& weights() const { return weights_; }

 protected:
  Weights weights_;
};

// What follows the towers: it sees the whole batch, on every process.
class Module {
 public:
  virtual ~Module() = default;
  // Inputs as the module's kind says (head.h, neck.h), B rows each, in the type and on the device of its weights.
  virtual at::Tensor apply(const std::vector<at::Tensor>& inputs, bool training) = 0;
  virtual std::int64_t width() const {
    return 0;
  }  // columns of its output; 0: they depend on the inputs (a head's on its classes)
  Weights& weights() { return weights_; }
  const Weights& weights() const { return weights_; }

 protected:
  Weights weights_;
};

enum class TowerKind { image, text };
// head: a classifier on features. random_head: one whose weights start at random whatever the model's head does. neck:
// two layers and a normalisation, features to embeddings. attention: probabilities of two classifiers (2C) to two
// scores.
enum class ModuleKind { head, random_head, temperature, neck, attention };

// Builds the parts that a stage's method asks for by name. Every call builds anew, with initial weights.
class Architecture {
 public:
  virtual ~Architecture() = default;
  virtual std::unique_ptr<Tower> tower(std::string_view network, TowerKind) = 0;
  // `columns` of the output of a neck; 0: as many as of its input.
  virtual std::unique_ptr<Module> module(std::string_view name, ModuleKind, std::int64_t columns) = 0;
  // What it builds from, by name: tensors that outlive every part and that no part may hold.
  virtual std::vector<std::pair<std::string, at::Tensor>> originals() const { return {}; }
};

}  // namespace winnow::model
