// Executes one stage on this process: from its configuration to the content of its run file. docs/design.md#4 and #6.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "winnow/comm/collective.h"
#include "winnow/core/error.h"
#include "winnow/stage/program.h"
#include "winnow/stage/stage.h"
#include "winnow/store/run_file.h"
#include "winnow/train/programs.h"
#include "winnow/train/trial.h"

namespace winnow::train {

// A recorded training run (golden cases): data set `replay`, model `toy`. Its tensors are on the host.
struct Replay {
  // The first ones of a recorded draw.
  enum class Axes { epoch_and_step, iteration, iteration_and_index, epoch, epoch_and_index };
  struct Draw {
    at::Tensor values;
    Axes axes = Axes::epoch_and_step;
  };
  // By the case's names: order (epochs x steps x batch), order_label, given, candidates, rows of views, initial
  // weights. All are inputs as earlier stages hand them over, too.
  std::map<std::string, at::Tensor> tensors;
  // By purpose; of a stream of samples (method::Setup::stream) `stream.NAME`: by epoch an order of all samples, in
  // which its members come, again and again.
  std::map<std::string, Draw> draws;
  // What of the tensors is a view: split -> view -> tensor, "train" -> "plain" -> "x_w"; and the labels of a split.
  std::map<std::string, std::map<std::string, std::string>> views;
  std::map<std::string, std::string> labels;
  // Networks, heads and parameters of modules whose initial value has another name than they: "main" -> "A".
  std::map<std::string, std::string> names;
  std::string predicted = "train";  // the split that is predicted at the end
};

// What a stage needs and what is no part of its identity.
struct Context {
  std::map<std::string, Path> data;    // data set -> decoded cache
  std::map<std::string, Path> inputs;  // input's name -> run file
  const Replay* replay = nullptr;
  c10::Device device = at::kCPU;  // where all of the stage is computed that a method can see
  int threads = 1;
  int loaders = 0;  // threads beside them that make images ahead of the step; the same results with any number
  int attempt = 1;
  int out_of_memory = 0;                // attempts before this one
  std::optional<Program> program = {};  // of a method that is one
  Programs* programs = nullptr;         // where programs live on; null: this stage's ends with it
  std::int64_t chunk = 0;               // rows a tower computes at once; 0: all of a slice
  // Bytes of images that may stay on the device, where that is not the host: a small data set as a whole. The same
  // results with any number.
  std::int64_t device_images = std::int64_t{1} << 30;
  bool keep_images = false;  // after the first steps of their views, beside the cache: data/kept_images.h
  // Bytes that features of frozen towers may take of the machine's cache; 0: none are kept. The same results with any
  // number; not of gangs, nor of trials.
  std::int64_t keep_features = 0;
  Path checkpoint;              // folder of the stage's checkpoint; empty: none is kept
  double checkpoint_every = 0;  // seconds; 0: only when the stage is stopped
  // The stage is only tried (train/trial.h): views, decoding, batches, states and labels are the stage's own, a few
  // steps of them. What it selects is everything, so that later stages are tried on as much as they can get. Its run
  // file is marked and no result; inputs may be of trials, too. No checkpoint.
  bool trial = false;
};

struct Report {
  std::int64_t epoch = 0, epochs = 0, step = 0, steps = 0;  // step counts over all epochs
  double loss = 0;
};

// How many loaders a stage has on this device where no number is asked for: on a CPU, whose cores the stage needs
// itself, none; elsewhere half of the cores of the machine, at least one and at most four.
int loaders_for(c10::Device);

// Who watches a stage: of a gang, process 0's. Asked after every step, so answer quickly.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual bool report_wanted(std::int64_t /*step*/, std::int64_t /*steps*/) {
    return true;
  }  // a report reads the device
  virtual void progress(const Report&) {}
  virtual bool stop_wanted() { return false; }
  virtual void resumed(std::int64_t /*epoch*/, std::int64_t /*step*/) {}  // step of the stage
  virtual void checkpointed(std::int64_t /*step*/, std::int64_t /*bytes*/, double /*seconds*/) {}
  virtual void note(const std::string&) {}  // human-readable
};

// Thrown when the observer wants the stage stopped. A stage with a checkpoint has written it.
class Stopped : public Error {
 public:
  Stopped() : Error("stopped") {}
};

// The tensors of a training run on the host, for those who look closer than its run file: golden cases and tests. It
// keeps parameters and states alive beyond the stage.
struct Trace {
  std::map<std::string, at::Tensor> logged;  // one value a step
  std::map<std::string, at::Tensor> parameters, states, predictions;
  std::map<std::string, at::Tensor> first_gradients;
};

struct Execution {
  double image_wait = 0;           // seconds; see store::Provenance
  std::int64_t features_read = 0;  // the same: rows
  store::RunContent content;
  Trace trace;
  std::optional<Trial> trial;                // where the context asked for one
  std::vector<std::int64_t> earlier_chunks;  // of the attempts that it was resumed from: store::Provenance
  std::int64_t skipped_images =
      0;  // that the data set lacks because they do not decode; in metrics/final where there are some
};

// Sets torch's number of threads for the whole process: one stage at a time, and torch may not be used elsewhere
// meanwhile. Collective over the gang; the observer and the collective are used by the calling thread alone. UsageError
// for a stage that this program does not compute, or whose versions are others; DataError for inputs; DeviceError of
// the collective; Stopped. c10::Error (c10::OutOfMemoryError among them) and std::bad_alloc leave as they are: what
// they are to a trainer is decided where it is served.
Execution execute(const Stage&, const Context&, comm::Collective&, Observer&);

}  // namespace winnow::train
