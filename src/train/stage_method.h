// The method of a stage, and the engine that it drives over the stage's model and images. A part of a stage's line:
// docs/design.md#13.
#pragma once

#include <memory>
#include <string>

#include "stage_model.h"
#include "winnow/comm/collective.h"
#include "winnow/method/method.h"
#include "winnow/model/tower.h"
#include "winnow/train/engine.h"
#include "winnow/train/source.h"

namespace winnow::train {

class StageMethod {
 public:
  // What a method is told of its surroundings beyond what the source says.
  struct Told {
    const Settings* settings = nullptr;
    at::TensorOptions real;
    double logit_scale = 0;  // of the model; 0: it has none
    bool traced = false;     // method::Facts
    KeptFeatures* kept_features = nullptr;
  };
  static Told of(const Settings&, const StageModel&);

  // The method of this name (the registry's), not yet set up: train_loop() does that (loop.h). Borrows source,
  // architecture, collective and settings. UsageError for a name that is none.
  StageMethod(std::string name, const Told&, Source&, model::Architecture&, const Context&, comm::Collective&);
  StageMethod(const StageMethod&) = delete;

  // Of a stage that trains nothing: what it predicts with.
  void set_up() { engine_.set_up(*method_); }

  const std::string& name() const { return name_; }
  method::Method& method() { return *method_; }
  Engine& engine() { return engine_; }

 private:
  std::string name_;
  std::unique_ptr<method::Method> method_;
  Engine engine_;
};

}  // namespace winnow::train
