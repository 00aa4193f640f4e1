// What a method's networks and modules are made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "winnow/comm/collective.h"
#include "winnow/core/stream.h"
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
  // Evaluation mode, by the tower's own weights as they are now, without what an adaptation put beside them: prompts,
  // bottlenecks, scales. Own weights that are trained count.
  virtual Outputs rows_unadapted(const at::Tensor& inputs) { return rows(inputs); }
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
  // Inputs as its maker says (head.h, neck.h, a method's file), B rows each, in the type and on the device of its
  // weights. Training: in a step, where gradients are on.
  virtual at::Tensor apply(const std::vector<at::Tensor>& inputs, bool training) = 0;
  virtual std::int64_t width() const {
    return 0;
  }  // columns of its output; 0: they depend on the inputs (a head's on its classes)
  Weights& weights() { return weights_; }
  const Weights& weights() const { return weights_; }

 protected:
  Weights weights_;
};

// image: features as the stage's head reads them. joint: an image tower whose features lie in the space of texts. text:
// rows of tokens.
enum class TowerKind { image, joint, text };

// Where a module that a method brings stands in its stage, and how its parameters start.
struct ModulePlace {
  std::string name;                        // its parameters are called NAME.part
  std::int64_t features = 0, classes = 0;  // columns of what the stage's head reads; of the stage
  std::uint64_t seed = 0;
  at::ScalarType dtype = at::kFloat;
  // Of a recorded run: the initial value of a parameter, by its full name. Empty: there is none.
  std::function<at::Tensor(const std::string&)> recorded = {};

  // Initial value of parameter NAME.part, on the host in the stage's precision: the recorded one, else make(streams of
  // (seed, "init.NAME.part")).
  at::Tensor initial(const std::string& part, const std::function<at::Tensor(const Streams&)>& make) const;
};
// Of the same place always the same module.
using ModuleMaker = std::function<std::unique_ptr<Module>(const ModulePlace&)>;

// How a head's rows start: as the stage says (texts, class means, ...), or at random whatever it says.
enum class HeadStart { of_stage, random };

// Builds the parts that a stage's method asks for by name. Every call builds anew, with initial weights.
class Architecture {
 public:
  virtual ~Architecture() = default;
  virtual std::unique_ptr<Tower> tower(std::string_view network, TowerKind) = 0;
  // A text tower, frozen but for `contexts` learned ones: row s C + c is class c under context s.
  virtual std::unique_ptr<Tower> prompts(std::string_view network, std::int64_t contexts) const;
  // The classifier that the stage's settings name. InternalError where there is none.
  virtual std::unique_ptr<Module> head(std::string_view name, HeadStart) const;
  virtual ModulePlace place(std::string_view name) const;  // of a module that the method brings; InternalError
  // What it builds from, by name: tensors that outlive every part and that no part may hold.
  virtual std::vector<std::pair<std::string, at::Tensor>> originals() const { return {}; }
};

}  // namespace winnow::model
