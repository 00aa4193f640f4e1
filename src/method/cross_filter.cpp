#include "winnow/method/cross_filter.h"

#include <ATen/ATen.h>

#include "winnow/method/formulas.h"

namespace winnow::method {

at::Tensor confirmed(const at::Tensor& positive, const at::Tensor& negative, const at::Tensor& label) {
  return at_labels(positive, label) > at_labels(negative, label);
}

Exchanged cross_filter(const DualLogits& labelling, const DualLogits& judging) {
  at::Tensor label = labelling.positive.argmax(1);
  return {label, confirmed(judging.positive, judging.negative, label)};
}

void add_labelled(const at::Tensor& ids, const at::Tensor& known, at::Tensor& label, at::Tensor& mask,
                  at::Tensor score) {
  if (label.defined()) label.index_copy_(0, ids, known);
  if (mask.defined()) mask.index_fill_(0, ids, 1);
  if (score.defined()) score.index_fill_(0, ids, 1);
}

void add_labelled_pairs(const at::Tensor& ids, const at::Tensor& known, at::Tensor& mask, at::Tensor& score) {
  at::Tensor pair = ids * mask.size(1) + known;
  mask.view({-1}).index_fill_(0, pair, 1);
  score.view({-1}).index_fill_(0, pair, 1);
}

}  // namespace winnow::method
