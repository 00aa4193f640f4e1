// The common case of a method: an image tower `main`, a head, one optimiser, one loss a step.
#pragma once

#include "winnow/method/method.h"

namespace winnow::method {

// N, chunk by chunk: cross-entropy of a head on a network's features at the given labels, as the test split is seen.
Tensor losses_of_all(Pass&, const std::string& network, const std::string& head);

class Classifier : public Method {
 public:
  void setup(Setup&) override;
  Outputs predict(Forward&) override;
  bool predicts_by_head() const override { return true; }  // where it has a head and not prompts

 protected:
  // Settings, states and further parts; called by setup() after `main` and `head` are declared. This one does nothing:
  // an override need not call it. An override below ConfidenceClassifier calls ConfidenceClassifier::declare, unless it
  // declares a state `confidence` of its own (LWS does).
  virtual void declare(Setup&) {}
  virtual std::vector<std::string> parts() const { return {"main", "head"}; }  // what the optimiser `main` trains

  // Head of the tower's features: B x C, at least fp32.
  static Tensor logits(Step&, const std::string& view = "weak", bool grad = true);
  static Tensor logits_of_all(Pass&, const std::string& view);  // N x C, chunk by chunk
  static void minimise(Step&, const Tensor& loss);
};

// A classifier with confidences Q: N x C, at first uniform over the candidate sets. docs/methods/partial-labels.md#5.
class ConfidenceClassifier : public Classifier {
 protected:
  void declare(Setup&) override;    // the state `confidence`
  static Tensor confidence(Step&);  // B x C, a copy
  static void set_confidence(Step&, const Tensor& rows);
  // Logits of the updated weights (`conf_source` = post-step), or those of the training forward again (pre-step).
  static Tensor logits_for_confidence(Step&, const Tensor& logits, const std::string& view = "weak");
};

}  // namespace winnow::method
