#include "winnow/method/contrast.h"

#include <ATen/ATen.h>

#include "winnow/method/formulas.h"
#include "winnow/model/normalise.h"

namespace winnow::method {

at::Tensor log_shares(const at::Tensor& similarity) {
  at::Tensor own = at::eye(similarity.size(0), similarity.size(1), similarity.options().dtype(at::kBool));
  at::Tensor others = at::logsumexp(similarity.masked_fill(own, -kInfinity), {1}, /*keepdim=*/true);
  return (similarity - others).masked_fill(own, 0);
}

void move_prototypes(at::Tensor& prototypes, const at::Tensor& rows, const at::Tensor& labels, double momentum) {
  // A class with n rows: mu momentum^n + sum_i (1 - momentum) momentum^(rows of the class after i) row_i.
  at::Tensor own = labels.to(prototypes.scalar_type());
  at::Tensor so_far = own.cumsum(0), all = own.sum(0);
  at::Tensor after = ((all - so_far) * own).sum(1);
  at::Tensor weight = own * ((1 - momentum) * at::pow(momentum, after)).unsqueeze(1);
  prototypes.mul_(at::pow(momentum, all).unsqueeze(1)).add_(at::matmul(weight.t(), rows));
  prototypes.div_(model::floored_norms(prototypes));
}

void overwrite_oldest(at::Tensor& ring, const at::Tensor& rows, const at::Tensor& pointer) {
  ring.index_copy_(0, (pointer + at::arange(rows.size(0), pointer.options())).remainder(ring.size(0)), rows);
}

void push_front(at::Tensor& queue, const at::Tensor& rows) {
  queue.copy_(at::cat({rows, queue}).narrow(0, 0, queue.size(0)));
}

}  // namespace winnow::method
