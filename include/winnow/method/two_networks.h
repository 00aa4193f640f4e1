// Two networks beside each other, each with a classifier, an optimiser and, for semi-supervised steps, batches of what
// it takes for labelled and for unlabelled: what DivideMix, UNICON, LongReMix and ProMix have in common. Li et al.,
// "DivideMix: learning with noisy labels as semi-supervised learning", 2020; docs/methods/noisy-labels.md#6.5. The
// reference codes train one network for an epoch and then the other; here both take every step, and an epoch has the
// steps of the whole training set.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "winnow/method/method.h"
#include "winnow/method/mixture.h"

namespace winnow::method {

// One of the networks, by the names of its parts. What it trains on is named after it.
struct Net {
  std::int64_t number = 0;
  std::string network, head, optimiser;

  std::string labelled() const { return network + "_labelled"; }      // streams and states
  std::string unlabelled() const { return network + "_unlabelled"; }  //
  std::string posterior() const { return network + "_posterior"; }    // states
  std::string losses() const { return network + "_losses"; }
};

class TwoNetworks : public Method {
 public:
  Outputs predict(Forward&) override;  // the mean of the networks' logits

 protected:
  // UsageError where no epoch is left after the warm-up, in which samples are selected.
  static void require_epochs_after_warmup(const Setup&);

  // Reads warmup_epochs. Networks, heads and optimisers; `further(net)` declares and names what else this network's
  // optimiser trains. The states `mask` and `score`, of all samples at first. With `count` = 1 there is the first
  // network alone.
  void declare_networks(Setup&, std::int64_t count = 2,
                        const std::function<std::vector<std::string>(const Net&)>& further = {});
  // What `mixmatch_loss` needs: streams, their states, and the settings temperature, alpha, lambda_u and
  // rampup.
  void declare_division(Setup&);
  // What `posterior_of` needs: states of losses, and the settings average_epochs, max_iter, tol and reg_covar.
  void declare_losses(Setup&);

  std::span<const Net> nets() const;
  const Net& other(const Net&) const;  // itself where there is one network
  std::int64_t warmup_epochs() const { return warmup_epochs_; }

  static Tensor logits(Step&, const Net&, const std::string& view, const Ids&, bool grad = true);
  static Tensor prediction(Step&, const Net&, const std::string& view, const Ids&);  // softmax, without gradient
  static void learn_given(Step&, const Net&);  // one step of cross-entropy on the batch and its given labels
  // From the next epoch's steps on. labelled: N, of zeros and ones; posterior: N, that a label is right; on any device.
  static void set_division(Pass&, const Net&, const Tensor& labelled, const Tensor& posterior);
  // N, on the host: that a label is right, by a mixture over this network's losses, averaged over the last
  // average_epochs evaluations. evaluations: how many there were, this one included.
  Tensor posterior_of(Pass&, const Net&, std::int64_t evaluations) const;

  // Labels are refined and guessed on the views `seen`, and mixed images of the views `mixed` are trained on. Not
  // defined where nothing is labelled: such an epoch trains nothing by it.
  Tensor mixmatch_loss(Step&, const Net&, const std::vector<std::string>& seen,
                       const std::vector<std::string>& mixed) const;
  // From 0 to 1 over `length` epochs after the warm-up: the weight of what is not labelled.
  double ramp_after_warmup(const Step&, double length) const;

 private:
  std::int64_t count_ = 2, warmup_epochs_ = 0, average_ = 1;
  double temperature_ = 1, alpha_ = 1, lambda_u_ = 0, rampup_ = 0;
};

}  // namespace winnow::method
