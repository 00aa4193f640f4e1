#include "winnow/method/mixture.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "winnow/method/formulas.h"

namespace winnow::method {

namespace {

using at::Tensor;

// posterior: N x 2. The divisor's guard is scikit-learn's.
void maximise(Mixture& mixture, const Tensor& values, const Tensor& posterior, double floor) {
  Tensor count = posterior.sum(0) + 10 * std::numeric_limits<double>::epsilon();
  mixture.weights = count / count.sum();
  mixture.means = (posterior * values).sum(0) / count;
  mixture.variances = (posterior * (values - mixture.means).square()).sum(0) / count + floor;
}

// Mean log-likelihood, and the posteriors N x 2.
std::pair<double, Tensor> expect(const Mixture& mixture, const Tensor& values) {
  Tensor distance = (values - mixture.means).square() / mixture.variances;
  Tensor joint = mixture.weights.log() - (std::log(2 * std::numbers::pi) + mixture.variances.log() + distance) / 2;
  Tensor evidence = at::logsumexp(joint, {1}, /*keepdim=*/true);
  return {evidence.mean().item<double>(), (joint - evidence).exp()};
}

}  // namespace

Tensor normalised_losses(const Tensor& losses, bool half) {
  Tensor own = half ? losses.to(at::kHalf) : losses.to(at::kDouble);
  Tensor low = own.min(), spread = own.max() - low;
  if (spread.item<double>() == 0) return at::zeros_like(losses, losses.options().dtype(at::kDouble));
  return ((own - low) / spread).to(at::kDouble);
}

Tensor two_means(const Tensor& losses, Stream& stream) {
  Tensor host = losses.to(at::kDouble).contiguous();
  const double* values = host.const_data_ptr<double>();
  std::int64_t n = host.numel();
  std::vector<std::int64_t> component(static_cast<std::size_t>(n), 0);
  double centre[2];
  centre[0] = values[stream.below(static_cast<std::uint64_t>(n))];
  double total = 0;
  for (std::int64_t i = 0; i < n; ++i) total += (values[i] - centre[0]) * (values[i] - centre[0]);
  double target = stream.uniform() * total;
  centre[1] = centre[0];
  for (std::int64_t i = 0; i < n && target >= 0; ++i) {
    target -= (values[i] - centre[0]) * (values[i] - centre[0]);
    centre[1] = values[i];
  }
  for (bool changed = true; changed;) {
    changed = false;
    double sum[2] = {0, 0}, count[2] = {0, 0};
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t nearest = std::abs(values[i] - centre[1]) < std::abs(values[i] - centre[0]) ? 1 : 0;
      changed = changed || nearest != component[static_cast<std::size_t>(i)];
      component[static_cast<std::size_t>(i)] = nearest;
      sum[nearest] += values[i];
      count[nearest] += 1;
    }
    for (int k : {0, 1})
      if (count[k] > 0) centre[k] = sum[k] / count[k];  // an empty component keeps its centre
  }
  return at::tensor(component, at::kLong);
}

MixtureLimits MixtureLimits::from(const Settings& settings) {
  return {settings.integer("max_iter"), settings.real("tol"), settings.real("reg_covar")};
}

Mixture Mixture::fit(const Tensor& losses, const Tensor& components, const MixtureLimits& limits) {
  Mixture mixture;
  Tensor values = losses.to(at::kDouble).unsqueeze(1);
  maximise(mixture, values, at::one_hot(components, 2).to(at::kDouble), limits.floor);
  double before = -kInfinity;
  while (mixture.iterations < limits.most_iterations) {
    auto [likelihood, posterior] = expect(mixture, values);
    maximise(mixture, values, posterior, limits.floor);
    ++mixture.iterations;
    if (std::abs(likelihood - before) < limits.tolerance) break;
    before = likelihood;
  }
  std::int64_t lower = mixture.means.argmin().item<std::int64_t>();
  mixture.posteriors = expect(mixture, values).second;
  mixture.posterior = mixture.posteriors.select(1, lower).contiguous();
  return mixture;
}

}  // namespace winnow::method
