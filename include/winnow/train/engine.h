// The engine that drives a method: networks split over the processes of a gang, modules on whole tensors, losses that
// every process computes alike. docs/design.md#6.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "winnow/comm/collective.h"
#include "winnow/method/method.h"
#include "winnow/model/tower.h"
#include "winnow/train/epoch_average.h"
#include "winnow/train/optimiser.h"
#include "winnow/train/source.h"
#include "winnow/train/step_log.h"
#include "winnow/train/stream_order.h"
#include "winnow/train/trial.h"

namespace winnow::train {

using at::Tensor;

class KeptFeatures;
class SavedEntries;

// Runs one stage's method on one process of a gang. Borrows everything it is given; single-threaded.
//
// A tower's rows are computed in contiguous slices, one a process, and in chunks of `chunk` rows (0: all at once).
// Outputs reach the method as leaves; `update` takes the loss's gradient at the leaves and carries it on through each
// slice, whose weight gradients are summed over the processes. A module's gradient is complete on every process and
// counts once.
class Engine final : public method::Backend {
 public:
  Engine(method::Facts, Source&, model::Architecture&, comm::Collective&, std::int64_t chunk = 0);

  // Before it is set up: features of networks that nothing trains are read from there where they can be, and kept.
  // Borrows it. Of a gang nothing is: its processes each have a part of a forward.
  void use_kept_features(KeptFeatures*);
  // Lets the method declare what it is made of. InternalError naming two parts that share memory without having
  // declared it: each update of one would move the other.
  void set_up(method::Method&);

  // The stage's loop calls these.
  void begin_epoch(std::int64_t epoch) { epoch_ = epoch, step_ = 0; }
  void begin_steps(bool resumed);      // after before_epoch: fixes the streams' members; resumed: they were saved
  void begin_step(std::int64_t step);  // forgets the outputs of the step before
  void end_step();                     // records its loss
  void settle_features();              // writes what is to be kept; reads the device
  void end_epoch();                    // keeps states; DeviceError naming a tensor in which two processes differ
  double rate(const std::string& table = "train") const;  // of this iteration, of optimisers with these settings
  // For trials. Goes on with this step as if all before it had been.
  void skip_to(std::int64_t epoch, std::int64_t step) {
    epoch_ = epoch, step_ = step, iteration_ = epoch * facts_.steps_per_epoch + step;
  }
  // From now on computes of every pass over a split (before_epoch, after_epoch, predictions) only the first piece of
  // each network and view, whose rows stand for the others. Steps are computed whole.
  void sample_passes() { sampled_ = true; }
  void begin_pass() { first_pieces_.clear(); }
  SampledRows take_sampled_rows() { return std::exchange(sampled_rows_, {}); }  // since the last call
  std::optional<std::int64_t> bad_iteration() const;  // the first whose loss was not finite; reads the device

  // All that changes while a stage runs: parameters, optimisers, states and their history, logs, counters. What is
  // loaded must fit: it was saved by an engine that was set up as this one, after so many whole epochs and steps.
  // DataError, and nothing has changed.
  std::map<std::string, Tensor> save() const;
  void require_fit(SavedEntries&, std::int64_t epochs, std::int64_t iterations) const;
  void load(const std::map<std::string, Tensor>&);

  // What the stage hands on.
  // Of networks and modules. A copy's have its part's name in front; where two parts name a parameter alike, `main` has
  // the plain name and the other's has its part's name in front.
  std::map<std::string, Tensor> parameters() const;
  std::map<std::string, Tensor> trained_parameters() const;  // only what an optimiser trains
  std::map<std::string, Tensor> states() const;              // with a history: epochs x ...
  std::map<std::string, double> figures() const;             // states without dimensions; reads the device
  bool has_state(const std::string& name) const { return states_.count(name) != 0; }
  // "loss": one value a step, that of the step's first update (0: it updated nothing). Others: what the method logs. On
  // the host; reads the device.
  std::map<std::string, Tensor> logged() const;
  Tensor losses() const { return logs_.at("loss").all(); }
  const Tensor& last_loss() const { return last_loss_; }  // on the device; a step has been taken
  // Flat gradients of each optimiser's first update: Adam hides a constant factor, gradients do not.
  const std::map<std::string, Tensor>& first_gradients() const { return first_gradients_; }

  // method::Backend
  const method::Facts& facts() const override { return facts_; }
  std::int64_t epoch() const override { return epoch_; }
  std::int64_t iteration() const override { return iteration_; }
  const Tensor& given() override { return source_.given(); }
  const Tensor& candidates() override { return source_.candidates(); }
  bool has_input(std::string_view name) const override;
  const Tensor& input(std::string_view name) override;
  std::int64_t size_of(const std::string& split) const override { return source_.size(split); }
  const Tensor& labels(const std::string& split) override { return source_.labels(split); }
  void add_network(const std::string&, method::TowerKind, const std::string& copy_of,
                   const std::string& shares) override;
  void add_prompts(const std::string&, std::int64_t contexts) override;
  void add_head(const std::string&, method::HeadStart) override;
  void add_module(const std::string&, const method::ModuleMaker&) override;
  void add_module_copy(const std::string&, const std::string& source) override;
  void add_stream(const std::string&, const std::string& members) override;
  void add_optimiser(const std::string&, const std::vector<std::string>& parts,
                     const std::string& table = "train") override;
  void add_state(const std::string&, Tensor initial, method::Keep) override;
  std::int64_t width(const std::string& part) const override;
  method::Outputs forward(const std::string& network, const method::View&, const method::Ids&, bool grad,
                          const std::string& split) override;
  Tensor apply(const std::string& module, const std::vector<Tensor>&) override;
  Tensor state(const std::string& name) override;
  method::Ids stream(const std::string& name) override;
  void update(const std::string& optimiser, const Tensor& loss) override;
  void follow(const std::string& copy, double momentum) override;
  void log(const std::string& name, const Tensor& value) override;
  Tensor draw(std::string_view purpose, std::int64_t index, bool in_pass,
              const std::function<Tensor(Stream&)>& make) override;

 private:
  template <class Kind>
  struct Part {
    std::shared_ptr<Kind> kind;
    std::string source;                                // the part that this one is a copy of
    std::function<std::unique_ptr<Kind>()> make = {};  // anew, for copies
    bool unadapted = false;                            // of a tower that another network adapts
    bool of_images = false;                            // a tower that reads images alone
  };
  struct Trained {
    Optimiser optimiser;
    std::vector<model::Tower*> networks;
    std::vector<model::Weights*> modules;
    std::string table;  // of its settings

    std::vector<const model::Weights*> weights() const {
      std::vector<const model::Weights*> result(modules.begin(), modules.end());
      for (const model::Tower* tower : networks) result.push_back(&tower->weights());
      return result;
    }
  };
  struct State {
    Tensor value;
    method::Keep keep;
    std::vector<Tensor> history;
  };
  struct SampleStream {
    std::string members;  // the state that names them
    Tensor fixed;         // N, u8, on the device: as they were when the epoch's steps began
    StreamOrder order;
  };
  // One forward of a network with gradient.
  struct Call {
    model::Tower* tower;
    bool unadapted;
    std::string split;
    method::View view;
    method::Ids ids;
    std::optional<std::uint64_t> number;  // of a forward in training mode
    std::vector<Tensor> leaves;           // the outputs that the method got
    std::vector<Tensor> graph;            // this process's rows with their graph; empty under chunks
  };

  const Part<model::Tower>& network_of(const std::string& name) const;
  const Part<model::Module>& module_of(const std::string& name) const;
  StreamOrder order_of(const std::string& name, const SampleStream&) const;
  model::Weights& weights_of(const std::string& part);
  void renew();  // handles of all parameters, after their values were written
  void build_module(const std::string& name, std::function<std::unique_ptr<model::Module>()> make);
  Tensor inputs(const Call&, std::int64_t first, std::int64_t last);
  Tensor gathered(const method::Rows&, const std::string& split, const Tensor& places);
  model::Outputs rows(const Call&, std::int64_t first, std::int64_t last);
  // Of a network that nothing trains: from where they are kept, else computed and kept.
  method::Outputs frozen_rows(const std::string& network, const std::string& view, const method::Ids&,
                              const std::string& split, const Hash128& function);
  method::Outputs compute(const std::string& network, const method::View&, const method::Ids&, bool grad,
                          const std::string& split);
  void find_frozen();
  method::Outputs sample(const std::string& network, const method::View&, const method::Ids&, const std::string& split);
  std::vector<std::pair<std::int64_t, std::int64_t>> chunks_of(std::int64_t rows) const;
  bool has_history(const State& state) const {
    return state.keep == method::Keep::every_epoch || (state.keep == method::Keep::traced && facts_.traced);
  }
  void add_gradients(const Call&, const std::vector<Tensor>& at_leaves, Trained&);
  std::vector<Tensor> differentiate(const Tensor& loss, const std::vector<Tensor>& leaves) const;
  void require_equal_parameters() const;
  void require_own_memory() const;
  std::map<std::string, Tensor> changing() const;  // tensors of fixed shape, by the names that save() gives them

  method::Facts facts_;
  Source& source_;
  model::Architecture& architecture_;
  comm::Collective& collective_;
  std::int64_t chunk_;
  std::int64_t epoch_ = 0, step_ = 0, iteration_ = 0;
  std::uint64_t forwards_ = 0;  // in training mode, of this step
  std::map<std::string, Part<model::Tower>> networks_;
  std::map<std::string, Part<model::Module>> modules_;
  KeptFeatures* kept_features_ = nullptr;
  std::map<std::string, Hash128> frozen_;  // networks whose features are kept, and which functions they are
  std::map<std::string, Trained> optimisers_;
  EpochAverage average_;  // of all that optimisers train
  std::map<std::string, State> states_;
  std::map<std::string, SampleStream> streams_;
  bool in_step_ = false, sampled_ = false;
  SampledRows sampled_rows_;
  std::map<std::string, method::Outputs> first_pieces_;  // by network, view and split
  std::optional<Tensor> step_loss_;
  std::map<std::string, StepLog> logs_{{"loss", {}}};
  Tensor last_loss_;
  std::map<std::string, Tensor> first_gradients_;
  // Texts of classes without gradient, by network: they are the same until weights change.
  std::map<std::string, std::pair<Tensor, method::Outputs>> texts_;
  std::deque<Call> calls_;     // of this step, not yet consumed by an update
  std::vector<Tensor> stale_;  // leaves and handles from before an update of this step
  Tensor bad_;                 // on the device: the first iteration with a loss that is not finite, or -1
};

}  // namespace winnow::train
