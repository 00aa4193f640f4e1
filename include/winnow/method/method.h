// The interface through which a method sees training. docs/design.md#6.
//
// A method is a small object that the engine drives: `setup` declares what it needs, `step` sees one global batch, the
// epoch hooks see the whole training set. Every process of a gang calls the same functions with the same tensors, so a
// method contains no collective. Shapes: B rows of the batch, N samples, C classes, d columns of a tower's features.
//
// Names that mean something to the engine and to the stage around a method:
//   networks  main                    what `adapt` trains; its parameters keep their plain names in run files
//   views     plain                   as the test split is seen
//             weak, strong, key       settings views.NAME of every method
//             any other               settings views.NAME that the method declares
//             caption, ""             texts, in pre-training; class prompts, of a text tower
//   states    confidence              N x C: confidence_* in metrics/epochs
//             mask, score, label      N: the stage's output `selection`, and selection_* in metrics/epochs;
//                                     a `label` that is not declared is the given one
//             without dimensions      a figure of that name in metrics/epochs
//   inputs    mask, score, label      N: what an earlier stage selected
//             confident               N: what the first run of a method that runs twice selected
//   outputs   features                of a network: B x d
//             prediction, logits      of predict(): B x C; metrics read the first of them that is there
//
// What a method may count on: a batch has at least one row; given labels lie in 0..C-1; a candidate set may be empty.
// One thread calls it. Its members are set in `setup` and not written later: a checkpoint keeps states, networks,
// modules and optimisers, and no member, so a tensor that must outlive a step is a state.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/core/stream.h"
#include "winnow/device/transfer.h"
#include "winnow/method/ids.h"
#include "winnow/model/tower.h"

namespace winnow::method {

using at::Tensor;
using model::HeadStart;
using model::ModuleMaker;
using model::Outputs;
using model::TowerKind;

// Rows of several views, one below the other; where there is a weight each is mixed with another of them:
// weight * x[i] + (1 - weight) * x[partner[i]].
struct Rows {
  std::vector<std::pair<std::string, Ids>> parts;  // a view and its samples
  Ids partner = {};                                // places among all rows
  Tensor weight = {};  // a scalar, or cells h x w over the image (fmix.h), on the device: the host does not read it

  std::int64_t size() const;
};
using View = std::variant<std::string, Rows>;

// What of a state the stage's result keeps. traced: its value at every epoch's end where the run is traced (golden
// cases), else the last one: N x C confidences of all epochs of a large run would not fit.
enum class Keep { last, every_epoch, traced };

// What a stage is made of, as far as a method may know.
struct Facts {
  const Settings* settings = nullptr;
  std::int64_t epochs = 0, steps_per_epoch = 0;
  std::int64_t batch = 0;  // nominal; the last batch of an epoch may be shorter
  std::int64_t samples = 0, classes = 0;
  at::TensorOptions real;  // dtype and device of losses and states: at least fp32
  bool traced = false;     // see Keep
  double logit_scale = 0;  // of the model: exp of its logarithm of the inverse temperature; 0: it has none
};

// What stands behind the four restricted views below: train::Engine. Methods never name it.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual const Facts& facts() const = 0;
  virtual std::int64_t epoch() const = 0;
  virtual std::int64_t iteration() const = 0;
  virtual const Tensor& given() = 0;
  virtual const Tensor& candidates() = 0;
  virtual bool has_input(std::string_view name) const = 0;
  virtual const Tensor& input(std::string_view name) = 0;
  virtual std::int64_t size_of(const std::string& split) const = 0;
  virtual const Tensor& labels(const std::string& split) = 0;

  virtual void add_network(const std::string& name, TowerKind, const std::string& copy_of,
                           const std::string& shares) = 0;
  virtual void add_prompts(const std::string& name, std::int64_t contexts) = 0;
  virtual void add_head(const std::string& name, HeadStart) = 0;
  virtual void add_module(const std::string& name, const ModuleMaker&) = 0;
  virtual void add_module_copy(const std::string& name, const std::string& source) = 0;
  virtual void add_stream(const std::string& name, const std::string& members) = 0;
  virtual void add_optimiser(const std::string& name, const std::vector<std::string>& parts,
                             const std::string& table) = 0;
  virtual void add_state(const std::string& name, Tensor initial, Keep) = 0;
  virtual std::int64_t width(const std::string& part) const = 0;

  virtual Outputs forward(const std::string& network, const View&, const Ids&, bool grad, const std::string& split) = 0;
  virtual Tensor apply(const std::string& module, const std::vector<Tensor>&) = 0;
  virtual Tensor state(const std::string& name) = 0;
  virtual Ids stream(const std::string& name) = 0;
  virtual void update(const std::string& optimiser, const Tensor& loss) = 0;
  virtual void follow(const std::string& copy, double momentum) = 0;
  virtual void log(const std::string& name, const Tensor& value) = 0;
  // On the host; reals in the stage's precision.
  virtual Tensor draw(std::string_view purpose, std::int64_t index, bool in_pass,
                      const std::function<Tensor(Stream&)>& make) = 0;
};

// What all four views have. Every tensor that they give or take lies on the stage's device, but for what is named
// on_host.
class Common {
 public:
  explicit Common(Backend& backend) : backend_(backend) {}
  const Settings& settings() const { return *backend_.facts().settings; }
  std::int64_t epoch() const { return backend_.epoch(); }
  std::int64_t iteration() const { return backend_.iteration(); }  // steps since the start of the stage
  std::int64_t epochs() const { return backend_.facts().epochs; }
  std::int64_t steps_per_epoch() const { return backend_.facts().steps_per_epoch; }
  std::int64_t batch() const { return backend_.facts().batch; }
  std::int64_t samples() const { return backend_.facts().samples; }
  std::int64_t classes() const { return backend_.facts().classes; }
  const at::TensorOptions& real() const { return backend_.facts().real; }
  double logit_scale() const { return backend_.facts().logit_scale; }  // frozen: it multiplies cosines
  c10::Device device() const { return real().device(); }
  const Tensor& given() const { return backend_.given(); }  // N, int64
  const Tensor& candidates() const {
    return backend_.candidates();
  }  // N x C of zeros and ones; a given label is a singleton
  bool has_input(std::string_view name) const { return backend_.has_input(name); }
  const Tensor& input(std::string_view name) const { return backend_.input(name); }  // what an earlier stage hands over

 protected:
  Tensor drawn(std::string_view purpose, std::int64_t index, bool in_pass,
               const std::function<Tensor(Stream&)>& make) const {
    return device::to_device(backend_.draw(purpose, index, in_pass, make), device());
  }
  Backend& backend_;
};

// Declares; builds nothing that a method could look at yet.
class Setup : public Common {
 public:
  using Common::Common;
  // A copy starts equal and follows its source by `follow`. A sharer has its source's own weights, trained ones
  // included, without what an adaptation put beside them (Tower::rows_unadapted), and no gradient.
  void network(const std::string& name, TowerKind kind) { backend_.add_network(name, kind, "", ""); }
  void network_copy(const std::string& name, const std::string& source, TowerKind kind) {
    backend_.add_network(name, kind, source, "");
  }
  void network_sharing(const std::string& name, const std::string& source, TowerKind kind) {
    backend_.add_network(name, kind, "", source);
  }
  // A text tower on class prompts, frozen but for as many learned contexts: with the view "", row s C + c is class c
  // under context s. In the space of texts, as an image tower of kind `joint`. Settings context_length, context_of,
  // name_place and period, which the method's preset declares.
  void prompts(const std::string& name, std::int64_t contexts = 1) { backend_.add_prompts(name, contexts); }
  // The classifier that the stage's settings name, on features of `main`: B x d -> B x C.
  void head(const std::string& name, HeadStart start = HeadStart::of_stage) { backend_.add_head(name, start); }
  // Whatever else a method puts on features or predictions; its maker stands in the method's file, or in a header of
  // area model where several methods have it (neck.h).
  void module(const std::string& name, const ModuleMaker& maker) { backend_.add_module(name, maker); }
  void module_copy(const std::string& name, const std::string& source) { backend_.add_module_copy(name, source); }
  // parts: networks and modules. What is in no optimiser is frozen. Rule, rate, schedule and clipping are settings of
  // `table`, where the method declares some ("generator.lr"), and else train's.
  void optimiser(const std::string& name, const std::vector<std::string>& parts, const std::string& table = "train") {
    backend_.add_optimiser(name, parts, table);
  }
  // A replicated tensor of fixed shape, written in place. One without dimensions is a figure of the run: its value at
  // each epoch's end is a column of metrics/epochs.
  void state(const std::string& name, Tensor initial, Keep keep = Keep::last) {
    backend_.add_state(name, std::move(initial), keep);
  }
  // Batches beside those of the whole training set: of the samples whose state `members` (N, zeros and ones) is set
  // when an epoch's steps begin, in an order of their own that starts anew when all of them were seen.
  void stream(const std::string& name, const std::string& members) { backend_.add_stream(name, members); }
  std::int64_t width(const std::string& part) const {
    return backend_.width(part);
  }  // columns of a network's features or a neck
  // For initial values: make(stream of (seed, purpose, index)), the same on every process. It makes a tensor on the
  // host; what is given has the stage's precision and device.
  Tensor draw(std::string_view purpose, std::int64_t index, const std::function<Tensor(Stream&)>& make) {
    return drawn(purpose, index, true, make);
  }
};

// One global batch.
class Step : public Common {
 public:
  // given: labels of the batch's items; of no size where the stage has candidate sets.
  Step(Backend& backend, Ids ids, Ids given) : Common(backend), ids_(std::move(ids)), given_(std::move(given)) {}
  const Ids& ids() const { return ids_; }
  // B: the labels of the batch's items; UsageError where there are sets.
  const Tensor& batch_given() const { return given_.size() ? given_.on_device() : given(); }
  const Tensor& batch_given_on_host() const { return given_.size() ? given_.on_host() : given(); }  // for draws
  Tensor batch_candidates() const { return rows_of(candidates()); }
  // The batch's rows of what is kept for every sample, N x ...; and their new values.
  Tensor rows_of(const Tensor& all) const { return all.index_select(0, ids_.on_device()); }
  Tensor batch_state(const std::string& name) { return rows_of(state(name)); }
  void set_batch_state(const std::string& name, const Tensor& rows) {
    state(name).index_copy_(0, ids_.on_device(), rows);
  }
  // This step's batch of a stream: as many rows as the stage's batch, or as the stream has members; none where it has
  // none.
  Ids ids_of(const std::string& stream) { return backend_.stream(stream); }
  // A leaf of the loss. `grad` means training mode, no `grad` evaluation mode. A text tower of classes has the view "".
  // At most 256 forwards with `grad` in a step: InternalError.
  Outputs forward(const std::string& network, const std::string& view, const Ids& ids, bool grad = true) {
    return backend_.forward(network, view, ids, grad, "train");
  }
  Outputs forward(const std::string& network, const Rows& rows, bool grad = true) {
    return backend_.forward(network, rows, Ids::range(0, rows.size(), device()), grad, "train");
  }
  Tensor apply(const std::string& module, const std::vector<Tensor>& inputs) { return backend_.apply(module, inputs); }
  Tensor state(const std::string& name) { return backend_.state(name); }
  // Afterwards the outputs of the optimiser's networks and modules are plain values; a loss that uses one is an error.
  // The first update's loss is the step's in curves and reports.
  void update(const std::string& optimiser, const Tensor& loss) { backend_.update(optimiser, loss); }
  void follow(const std::string& copy, double momentum) { backend_.follow(copy, momentum); }
  // A further figure of the step, for those who look closer than run files; not "loss", which the engine records. A
  // single value, always of one type under one name; InternalError. A name need not be logged in every step.
  void log(const std::string& name, const Tensor& value) { backend_.log(name, value); }
  // make(stream of (seed, purpose, epoch, step, index)) on the host, the same on every process.
  Tensor draw(std::string_view purpose, std::int64_t index, const std::function<Tensor(Stream&)>& make) {
    return drawn(purpose, index, false, make);
  }
  // The same of whole numbers, which choose samples or rows.
  Ids draw_ids(std::string_view purpose, std::int64_t index, const std::function<Tensor(Stream&)>& make) {
    return {backend_.draw(purpose, index, false, make), device()};
  }

 private:
  Ids ids_, given_;
};

// The whole training set, or another split; no gradient.
class Pass : public Common {
 public:
  explicit Pass(Backend& backend, std::string split = "train") : Common(backend), split_(std::move(split)) {}
  Pass on(const std::string& split) const { return Pass(backend_, split); }
  std::int64_t size() const { return backend_.size_of(split_); }
  // The split's size, int64: labels of a split that the stage declares labelled. UsageError where it has none.
  const Tensor& labels() const { return backend_.labels(split_); }
  Outputs forward(const std::string& network, const std::string& view, const Ids& ids) {
    return backend_.forward(network, view, ids, false, split_);
  }
  // rows(ids) of the whole split, one below the other: rows is called for a chunk at a time (chunks.h). At least one
  // sample.
  Tensor of_all(const std::function<Tensor(const Ids&)>& rows) const;
  Tensor apply(const std::string& module, const std::vector<Tensor>& inputs) { return backend_.apply(module, inputs); }
  Tensor state(const std::string& name) { return backend_.state(name); }
  // For what is computed on the host: a pass may look at the device, a step may not.
  Tensor draw_on_host(std::string_view purpose, std::int64_t index, const std::function<Tensor(Stream&)>& make) {
    return backend_.draw(purpose, index, true, make);
  }

 private:
  std::string split_;
};

// Samples to predict.
class Forward : public Common {
 public:
  Forward(Backend& backend, Ids ids, std::string split)
      : Common(backend), ids_(std::move(ids)), split_(std::move(split)) {}
  const Ids& ids() const { return ids_; }
  Outputs forward(const std::string& network, const std::string& view, const Ids& ids) {
    return backend_.forward(network, view, ids, false, split_);
  }
  Tensor apply(const std::string& module, const std::vector<Tensor>& inputs) { return backend_.apply(module, inputs); }
  Tensor state(const std::string& name) { return backend_.state(name); }

 private:
  Ids ids_;
  std::string split_;
};

class Method {
 public:
  virtual ~Method() = default;
  virtual void setup(Setup&) = 0;      // once, before all else
  virtual void before_epoch(Pass&) {}  // gradients off; not again in an epoch that is resumed
  virtual void step(Step&) = 0;
  virtual void after_epoch(Pass&) {}  // gradients off
  // Named tensors, B rows each, the same names for every split. Called with gradients off, also for samples that are
  // not trained on.
  virtual Outputs predict(Forward&) = 0;
  // Are its logits the head `head` on the features of the network `main`, and its predictions theirs? Then they can be
  // taken away as one model.
  virtual bool predicts_by_head() const { return false; }
};

}  // namespace winnow::method
