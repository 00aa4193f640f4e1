#include "winnow/method/transport.h"

#include <ATen/ATen.h>

#include <cmath>

#include "winnow/method/formulas.h"

namespace winnow::method {

namespace {

// log sum exp of a matrix over one of its axes, the same operations as at::logsumexp on memory that is there: a step
// has a hundred of them.
class LogSumExp {
 public:
  LogSumExp(const at::Tensor& matrix, std::int64_t axis)
      : axis_(axis), work_(at::empty_like(matrix)), largest_(at::empty_like(matrix.narrow(axis, 0, 1))),
        size_(at::empty_like(largest_)), infinite_(at::empty_like(largest_, at::kBool)), sum_(at::empty_like(largest_)),
        infinity_(at::full({}, kInfinity, matrix.options())) {}

  // Of matrix + scale; a tensor as long as the other axis, overwritten by the next call.
  const at::Tensor& operator()(const at::Tensor& matrix, const at::Tensor& scale) {
    at::add_out(work_, matrix, scale);
    at::amax_out(largest_, work_, axis_, /*keepdim=*/true);
    at::abs_out(size_, largest_);
    at::eq_out(infinite_, size_, infinity_);
    largest_.masked_fill_(infinite_, 0);  // a tensor in place of the number would be read by the host
    work_.sub_(largest_).exp_();
    at::sum_out(sum_, work_, axis_, /*keepdim=*/true);
    return sum_.log_().add_(largest_);
  }

 private:
  std::int64_t axis_;
  at::Tensor work_, largest_, size_, infinite_, sum_,
      infinity_;  // a number in a comparison would be made a tensor first
};

}  // namespace

at::Tensor transport_plan(const at::Tensor& log_rows, const at::Tensor& present, const at::Tensor& prior, double power,
                          std::int64_t rounds) {
  if (log_rows.size(0) == 0) return at::zeros(log_rows.sizes(), log_rows.options().dtype(at::kDouble));
  at::Tensor rows = log_rows.to(at::kDouble).masked_fill(present.logical_not().unsqueeze(1), -kInfinity);
  at::Tensor zero = rows == -kInfinity;
  at::Tensor relaxed = zero.all(0).any();  // a class without mass
  at::Tensor part = present.logical_and(zero.all(1).logical_not().logical_or(relaxed));
  at::Tensor kernel =
      power *
      rows.masked_fill(zero.logical_and(relaxed), std::log(1e-5)).masked_fill(part.logical_not().unsqueeze(1), 0);

  at::Tensor log_count = part.sum().to(at::kDouble).log();
  at::Tensor share = (-log_count).expand({rows.size(0)}).masked_fill(part.logical_not(), -kInfinity);
  at::Tensor wanted = prior.to(at::kDouble).log().unsqueeze(0), wanted_rows = share.unsqueeze(1);
  at::Tensor row_scale = wanted_rows.clone(), class_scale = at::zeros_like(wanted);
  LogSumExp over_rows(kernel, 0), over_classes(kernel, 1);
  for (std::int64_t round = 0; round < rounds; ++round) {
    at::sub_out(class_scale, wanted, over_rows(kernel, row_scale));
    at::sub_out(row_scale, wanted_rows, over_classes(kernel, class_scale));
  }
  at::Tensor plan = (log_count + row_scale + kernel + class_scale).exp();
  // Where nothing can be transported (a row whose only classes have the prior 0) infinities meet: such rows get
  // nothing.
  return at::nan_to_num(plan, 0.0).masked_fill(zero, 0);
}

}  // namespace winnow::method
