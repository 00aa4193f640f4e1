#include "winnow/method/co_dividing_networks.h"

#include <ATen/ATen.h>

#include "winnow/method/loss_division.h"

namespace winnow::method {

void CoDividingNetworks::before_epoch(Pass& pass) {
  if (pass.epoch() < warmup_epochs()) return;
  Tensor first = clean_probability(pass, nets()[0]), second = clean_probability(pass, nets()[1]);
  CoDivision clean = co_divide(first, second, pass.settings().real("threshold"));
  set_division(pass, nets()[0], clean.first, second);
  set_division(pass, nets()[1], clean.second, first);
  pass.state("mask").copy_(pass.state(nets()[0].labelled()));
  pass.state("score").copy_(pass.state(nets()[0].posterior()));
}

void CoDividingNetworks::step(Step& step) {
  for (const Net& net : nets()) {
    if (step.epoch() < warmup_epochs()) {
      learn_given(step, net);
      continue;
    }
    Tensor loss = mixmatch_loss(step, net, {"weak", "again"}, {"weak", "again"});
    if (loss.defined()) step.update(net.optimiser, loss);
  }
}

}  // namespace winnow::method
