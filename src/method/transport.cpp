#include "winnow/method/transport.h"

#include <ATen/ATen.h>

#include <cmath>

#include "winnow/method/formulas.h"

namespace winnow::method {

namespace {

// So often the factors are taken over.
constexpr std::int64_t kRoundsByFactors = 10;

// Sinkhorn's alternation on diag(u) exp(kernel) diag(v). u and v are kept as logarithms and as factors since those were
// last taken over into `part`, the plan of then: a round is two products with a vector and two divisions, where sums of
// exponentials would take twenty operators. The first round is in logarithms; after it each row of `part` has its share
// and each class at least what it had in one row, however small the predictions were, and the factors stay in the range
// of numbers until they are taken over. What is too small for `part` is still in the kernel.
class Scalings {
 public:
  // kernel: R x C; share, prior: R and C, what rows and classes are to sum to, 0 where they take no part: there the
  // kernel is any number.
  Scalings(const at::Tensor& kernel, const at::Tensor& share, const at::Tensor& prior)
      : kernel_(kernel), share_(share), prior_(prior), rows_(share > 0), classes_(prior > 0),
        aside_(rows_.logical_not().unsqueeze(1).logical_or(classes_.logical_not())), log_u_(share.log().unsqueeze(1)),
        log_v_(at::zeros_like(prior)), part_(at::empty_like(kernel)), transposed_(part_.t()), u_(at::empty_like(share)),
        column_(u_.unsqueeze(1)), v_(at::empty_like(prior)), of_rows_(at::empty_like(share)),
        of_classes_(at::empty_like(prior)) {
    take_up();
  }

  void first_round() {
    log_v_ = (prior_.log() - at::logsumexp(kernel_ + log_u_, 0)).masked_fill_(classes_.logical_not(), -kInfinity);
    log_u_ = share_.log().sub_(at::logsumexp(kernel_ + log_v_, 1)).unsqueeze(1);
    take_up();
  }

  void round() {
    at::mv_out(of_classes_, transposed_, u_);
    at::div_out(v_, prior_, of_classes_);
    at::mv_out(of_rows_, part_, v_);
    at::div_out(u_, share_, of_rows_);
  }

  void take_over() {
    u_.log_();
    v_.log_();
    log_u_.add_(column_);
    log_v_.add_(v_);
    take_up();
  }

  at::Tensor plan() const { return part_ * column_ * v_; }

 private:
  void take_up() {
    at::add_out(part_, kernel_, log_u_);
    part_.add_(log_v_).exp_().masked_fill_(aside_, 1);  // times a factor of 0: nothing is divided by 0
    u_.copy_(rows_);
    v_.copy_(classes_);
  }

  at::Tensor kernel_, share_, prior_, rows_, classes_, aside_, log_u_, log_v_;
  at::Tensor part_, transposed_, u_, column_, v_, of_rows_, of_classes_;  // written in place: a step has many rounds
};

}  // namespace

at::Tensor transport_plan(const at::Tensor& log_rows, const at::Tensor& present, const at::Tensor& prior, double power,
                          std::int64_t rounds) {
  if (log_rows.size(0) == 0) return at::zeros(log_rows.sizes(), log_rows.options().dtype(at::kDouble));
  at::Tensor rows = log_rows.to(at::kDouble).masked_fill(present.logical_not().unsqueeze(1), -kInfinity);
  at::Tensor zero = rows == -kInfinity;
  at::Tensor relaxed = zero.all(0).any();  // a class without mass
  at::Tensor part = present.logical_and(zero.all(1).logical_not().logical_or(relaxed));
  at::Tensor kernel = power * rows.masked_fill(zero.logical_and(relaxed), std::log(1e-5));
  at::Tensor count = part.sum().to(at::kDouble), wanted = prior.to(at::kDouble);
  // A row whose only classes have the prior 0 gets nothing.
  at::Tensor reached = part.logical_and((kernel > -kInfinity).logical_and(wanted > 0).any(1));
  Scalings scalings(kernel.masked_fill_(reached.logical_not().unsqueeze(1), 0), reached / count, wanted);
  for (std::int64_t round = 0; round < rounds; ++round) {
    if (round == 0) {
      scalings.first_round();
      continue;
    }
    if (round % kRoundsByFactors == 0) scalings.take_over();
    scalings.round();
  }
  return scalings.plan().mul_(count).masked_fill_(zero, 0);
}

}  // namespace winnow::method
