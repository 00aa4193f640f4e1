#include "winnow/model/logistic_regression.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <deque>
#include <limits>

#include "winnow/core/error.h"

namespace winnow::model {

namespace {

struct Point {
  at::Tensor at, gradient;  // flat: coefficients, then intercepts
  double value = 0;
};

class Loss {
 public:
  Loss(const at::Tensor& features, const at::Tensor& labels, std::int64_t classes, double strength)
      : features_(features.to(at::kDouble)), classes_(classes),
        penalty_(1 / (strength * static_cast<double>(features.size(0)))) {
    at::Tensor counts = at::bincount(labels, {}, classes);
    for (std::int64_t c = 0; c < classes; ++c)
      if (counts[c].item<std::int64_t>() == 0)
        throw UsageError(fmt::format("head_init = linear-probe: no training sample has the label {}", c));
    // Balanced: every class weighs N / C. The weights' sum is N.
    at::Tensor weights = static_cast<double>(labels.size(0)) / (static_cast<double>(classes) * counts.to(at::kDouble));
    weights_ = weights.index_select(0, labels) / static_cast<double>(labels.size(0));
    target_ = at::one_hot(labels, classes).to(at::kDouble);
  }

  std::int64_t size() const { return classes_ * (features_.size(1) + 1); }

  Point operator()(const at::Tensor& at) const {
    std::int64_t d = features_.size(1);
    at::Tensor coefficients = at.narrow(0, 0, classes_ * d).view({classes_, d}),
               intercepts = at.narrow(0, classes_ * d, classes_);
    at::Tensor log = at::log_softmax(at::addmm(intercepts, features_, coefficients.t()), 1);
    double value = -((log * target_).sum(1) * weights_).sum().item<double>() +
                   0.5 * penalty_ * coefficients.square().sum().item<double>();
    at::Tensor slope = (log.exp() - target_) * weights_.unsqueeze(1);
    return {at, at::cat({(at::mm(slope.t(), features_) + penalty_ * coefficients).flatten(), slope.sum(0)}), value};
  }

 private:
  at::Tensor features_, weights_, target_;
  std::int64_t classes_;
  double penalty_;
};

double product(const at::Tensor& a, const at::Tensor& b) { return at::dot(a, b).item<double>(); }

// The last steps and the changes of the gradient along them (Nocedal 1980).
class History {
 public:
  void add(const Point& from, const Point& to) {
    at::Tensor step = to.at - from.at, change = to.gradient - from.gradient;
    double curvature = product(step, change);
    if (curvature <= std::numeric_limits<double>::epsilon() * product(change, change)) return;
    pairs_.push_back({step, change, curvature});
    if (pairs_.size() > 10) pairs_.pop_front();
  }
  bool empty() const { return pairs_.empty(); }

  at::Tensor direction(const at::Tensor& gradient) const {
    at::Tensor q = gradient.clone();
    std::vector<double> shares(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      shares[i] = product(pairs_[i].step, q) / pairs_[i].curvature;
      q.sub_(pairs_[i].change, shares[i]);
    }
    if (!pairs_.empty()) q.mul_(pairs_.back().curvature / product(pairs_.back().change, pairs_.back().change));
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      q.add_(pairs_[i].step, shares[i] - product(pairs_[i].change, q) / pairs_[i].curvature);
    return q.neg();
  }

 private:
  struct Pair {
    at::Tensor step, change;
    double curvature;
  };
  std::deque<Pair> pairs_;
};

// A step that meets Wolfe's conditions, by halving and doubling (Lewis & Overton 2013).
Point search(const Loss& loss, const Point& from, const at::Tensor& direction, double length) {
  double slope = product(from.gradient, direction), low = 0, high = std::numeric_limits<double>::infinity();
  Point to = from;
  for (int trial = 0; trial < 50; ++trial) {
    to = loss(from.at + length * direction);
    if (!(to.value <= from.value + 1e-4 * length * slope)) high = length;
    else if (product(to.gradient, direction) < 0.9 * slope) low = length;
    else break;
    length = high < std::numeric_limits<double>::infinity() ? (low + high) / 2 : 2 * low;
  }
  return to.value <= from.value ? to : from;
}

}  // namespace

at::Tensor fit_logistic_regression(const at::Tensor& features, const at::Tensor& labels, std::int64_t classes,
                                   const LogisticRegressionOptions& options) {
  at::NoGradGuard no_gradient;
  Loss loss(features, labels, classes, options.strength);
  Point point = loss(at::zeros({loss.size()}, features.options().dtype(at::kDouble)));
  History history;
  for (std::int64_t i = 0; i < options.iterations && point.gradient.abs().max().item<double>() > options.tolerance;
       ++i) {
    double first = history.empty() ? std::min(1.0, 1 / point.gradient.norm().item<double>()) : 1;
    Point next = search(loss, point, history.direction(point.gradient), first);
    if (next.value >= point.value) break;  // as low as rounding lets it be
    history.add(point, next);
    point = next;
  }
  return point.at.narrow(0, 0, classes * features.size(1)).view({classes, features.size(1)});
}

}  // namespace winnow::model
