#include "winnow/method/transport.h"

#include <c10/core/Allocator.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "recorded.h"
#include "winnow/method/formulas.h"

namespace winnow::method {
namespace {

at::Tensor rows(std::initializer_list<double> values, std::int64_t columns) {
  return at::tensor(std::vector<double>(values), at::TensorOptions(at::kDouble)).view({-1, columns});
}
at::Tensor present(std::int64_t count) { return at::ones({count}, at::TensorOptions(at::kBool)); }

const at::Tensor z = rows({2, 1, 0, -1, .5, .5, -.5, 1.5, -2, 0, 1, 3}, 4);
const at::Tensor Y = rows({1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1}, 4);
const at::Tensor log_rows = at::log_softmax(z, 1).masked_fill(Y == 0, -std::numeric_limits<double>::infinity());

TEST(Transport, HasTheSpecificationsValues) {
  at::Tensor uniform = transport_plan(log_rows, present(3), at::full({4}, .25, at::TensorOptions(at::kDouble)), 3, 50);
  EXPECT_TRUE(at::allclose(uniform, rows({.504325, .495675, 0, 0, 0, .253214, .746786, 0, .246726, 0, 0, .753274}, 4),
                           1e-4, 1e-5));
  at::Tensor skewed = transport_plan(log_rows, present(3), rows({.4, .3, .2, .1}, 4).view({4}), 3, 50);
  EXPECT_TRUE(at::allclose(skewed, rows({.500003, .499997, 0, 0, 0, .400002, .599998, 0, .699999, 0, 0, .300001}, 4),
                           1e-4, 1e-5));
}

TEST(Transport, ItIsAPlanWhereOneExists) {
  at::Tensor logits = random_tensor({40, 6}, 7, -5, 5), prior = at::softmax(random_tensor({6}, 8), 0);
  at::Tensor plan = transport_plan(at::log_softmax(logits, 1), present(40), prior, 3, 500);
  EXPECT_TRUE(at::allclose(plan.sum(1), at::ones({40}, plan.options())));
  EXPECT_TRUE(at::allclose(plan.mean(0), prior, 1e-6, 1e-6));
}

TEST(Transport, RowsThatAreNotPresentChangeNothing) {
  at::Tensor prior = rows({.4, .3, .2, .1}, 4).view({4});
  at::Tensor more = at::cat({rows({0, -1, -2, -3}, 4), log_rows}),
             who = at::cat({at::zeros({1}, at::TensorOptions(at::kBool)), present(3)});
  at::Tensor plan = transport_plan(more, who, prior, 3, 50);
  EXPECT_TRUE(at::allclose(plan.narrow(0, 1, 3), transport_plan(log_rows, present(3), prior, 3, 50)));
  EXPECT_EQ(plan[0].abs().sum().item<double>(), 0);
}

TEST(Transport, AClassWithoutMassRelaxesIt) {
  at::Tensor sets = Y.clone();
  sets.select(1, 2).zero_();
  at::Tensor plan = transport_plan(log_rows.masked_fill(sets == 0, -std::numeric_limits<double>::infinity()),
                                   present(3), at::full({4}, .25, at::TensorOptions(at::kDouble)), 3, 50);
  EXPECT_TRUE(at::isfinite(plan).all().item<bool>());
  EXPECT_EQ((plan * (1 - sets)).abs().sum().item<double>(), 0);
  EXPECT_TRUE((plan.sum(1) < 1).any().item<bool>()) << "mass of the relaxed entries is taken back";
}

// Sinkhorn's alternation in logarithms alone, number by number.
at::Tensor by_logarithms(const at::Tensor& log_rows, const at::Tensor& prior, double power, int rounds) {
  std::int64_t R = log_rows.size(0), C = log_rows.size(1);
  auto kernel = [&](std::int64_t i, std::int64_t c) { return power * log_rows[i][c].item<double>(); };
  auto log_sum = [](const std::vector<double>& terms) {
    double largest = *std::max_element(terms.begin(), terms.end()), sum = 0;
    for (double term : terms) sum += std::exp(term - largest);
    return largest + std::log(sum);
  };
  std::vector<double> u(static_cast<std::size_t>(R), -std::log(R)), v(static_cast<std::size_t>(C), 0);
  for (int round = 0; round < rounds; ++round) {
    for (std::int64_t c = 0; c < C; ++c) {
      std::vector<double> terms;
      for (std::int64_t i = 0; i < R; ++i) terms.push_back(kernel(i, c) + u[static_cast<std::size_t>(i)]);
      v[static_cast<std::size_t>(c)] = std::log(prior[c].item<double>()) - log_sum(terms);
    }
    for (std::int64_t i = 0; i < R; ++i) {
      std::vector<double> terms;
      for (std::int64_t c = 0; c < C; ++c) terms.push_back(kernel(i, c) + v[static_cast<std::size_t>(c)]);
      u[static_cast<std::size_t>(i)] = -std::log(R) - log_sum(terms);
    }
  }
  at::Tensor plan = at::zeros({R, C}, at::TensorOptions(at::kDouble));
  for (std::int64_t i = 0; i < R; ++i)
    for (std::int64_t c = 0; c < C; ++c)
      plan[i][c] =
          std::exp(std::log(R) + u[static_cast<std::size_t>(i)] + kernel(i, c) + v[static_cast<std::size_t>(c)]);
  return plan;
}

// Predictions of which most are too small for a number at that power; a class that no row likes; rows that insist on a
// class of a tiny prior, so that no plan exists and the scalings drift apart from round to round.
TEST(Transport, KeepsWhatLogarithmsKeep) {
  double inf = std::numeric_limits<double>::infinity();
  at::Tensor prior = at::softmax(random_tensor({4}, 3), 0),
             uneven = rows({1 - 2.1e-12, 1e-12, 1e-13, 1e-12}, 4).view({4});
  at::Tensor ordinary = at::log_softmax(random_tensor({9, 4}, 1, -5, 5), 1);
  at::Tensor sharp = at::log_softmax(random_tensor({9, 4}, 2, -2000, 2000), 1);
  at::Tensor unloved = ordinary.clone(), insisting = ordinary.clone();
  unloved.select(1, 2).sub_(3000);
  insisting.narrow(0, 0, 5).narrow(1, 1, 3).fill_(-inf);
  insisting.narrow(0, 5, 1).narrow(1, 0, 3).fill_(-inf);
  for (const at::Tensor& own : {ordinary, sharp, unloved, insisting, sharp.narrow(0, 0, 2)})
    for (const at::Tensor& wanted : {prior, uneven})
      for (int count : {1, 2, 10, 11, 50, 300}) {
        at::Tensor plan = transport_plan(own, present(own.size(0)), wanted, 3, count);
        at::Tensor expected = by_logarithms(own, wanted, 3, count);
        EXPECT_LT((plan - expected).abs().max().item<double>(), 1e-9) << own << wanted << count << plan << expected;
      }
}

// Counts what is asked of torch's allocator for this processor.
class Counting final : public c10::Allocator {
 public:
  Counting() : before_(c10::GetAllocator(c10::kCPU)) { c10::SetAllocator(c10::kCPU, this, 100); }
  ~Counting() override { c10::SetAllocator(c10::kCPU, before_, 100); }
  c10::DataPtr allocate(std::size_t bytes) override {
    ++count;
    return before_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return before_->raw_deleter(); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { before_->copy_data(to, from, bytes); }
  std::size_t count = 0;

 private:
  c10::Allocator* before_;
};

TEST(Transport, ARoundAllocatesNothing) {
  at::Tensor prior = at::full({4}, .25, at::TensorOptions(at::kDouble)), all = present(3);
  auto allocations = [&](std::int64_t rounds) {
    Counting counting;
    transport_plan(log_rows, all, prior, 3, rounds);
    return counting.count;
  };
  EXPECT_GT(allocations(0), 0u) << "the count counts";
  EXPECT_EQ(allocations(50) - allocations(1), 0u);
}

TEST(Transport, NeverNaN) {
  double inf = std::numeric_limits<double>::infinity();
  at::Tensor prior = at::full({3}, 1. / 3, at::TensorOptions(at::kDouble));
  at::Tensor extreme = at::log_softmax(rows({1000, -1000, 0, -1000, 1000, 1000, 0, 0, 0}, 3), 1);
  for (const at::Tensor& rows_of_logs :
       {extreme, at::full({3, 3}, -inf, prior.options()), extreme.masked_fill(at::eye(3) != 0, -inf),
        at::cat({extreme, at::full({1, 3}, -inf, prior.options())}), extreme.narrow(0, 0, 1), extreme.narrow(0, 0, 0)})
    EXPECT_TRUE(
        at::isfinite(transport_plan(rows_of_logs, present(rows_of_logs.size(0)), prior, 3, 50)).all().item<bool>())
        << rows_of_logs;
  EXPECT_TRUE(at::isfinite(transport_plan(extreme, present(3), rows({1, 0, 0}, 3).view({3}), 3, 50)).all().item<bool>())
      << "classes of prior 0";
}

}  // namespace
}  // namespace winnow::method
