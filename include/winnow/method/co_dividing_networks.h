// Two networks of which each is trained by MixMatch on what the other one takes for clean and noisy: DivideMix, and
// with another judge of samples RoLT+. Li et al., "DivideMix: learning with noisy labels as semi-supervised learning",
// 2020; docs/methods/noisy-labels.md#6.5.
#pragma once

#include "winnow/method/two_networks.h"

namespace winnow::method {

// A method declares networks and division in its setup, and judges. `threshold`: from which probability on a label is
// clean.
class CoDividingNetworks : public TwoNetworks {
 public:
  void before_epoch(Pass&) override;
  void step(Step&) override;

 protected:
  // N, on the host: that a sample's label is right, by this network. Once an epoch after the warm-up, for each.
  virtual Tensor clean_probability(Pass&, const Net&) = 0;
};

}  // namespace winnow::method
