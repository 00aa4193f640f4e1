// The mixture over losses beside an EM written down anew (docs/methods/noisy-labels.md#12, 7).
#include "winnow/method/mixture.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "winnow/core/stream.h"

namespace winnow::method {
namespace {

struct Plain {
  double mean[2], variance[2], weight[2];
  std::vector<double> posterior;  // of the component with the lower mean
  std::int64_t steps = 0;
};

Plain plain_em(const std::vector<double>& x, const std::vector<std::int64_t>& start, std::int64_t most,
               double tolerance, double floor) {
  std::size_t n = x.size();
  std::vector<std::array<double, 2>> r(n);
  for (std::size_t i = 0; i < n; ++i) r[i] = {start[i] == 0 ? 1.0 : 0.0, start[i] == 1 ? 1.0 : 0.0};
  Plain own{};
  auto maximise = [&] {
    for (int k : {0, 1}) {
      double count = 0, sum = 0, square = 0;
      for (std::size_t i = 0; i < n; ++i) count += r[i][k], sum += r[i][k] * x[i];
      own.mean[k] = sum / count;
      for (std::size_t i = 0; i < n; ++i) square += r[i][k] * (x[i] - own.mean[k]) * (x[i] - own.mean[k]);
      own.variance[k] = square / count + floor;
      own.weight[k] = count / static_cast<double>(n);
    }
  };
  auto expect = [&] {
    double likelihood = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double density[2];
      for (int k : {0, 1})
        density[k] = own.weight[k] * std::exp(-(x[i] - own.mean[k]) * (x[i] - own.mean[k]) / (2 * own.variance[k])) /
                     std::sqrt(2 * std::numbers::pi * own.variance[k]);
      likelihood += std::log(density[0] + density[1]) / static_cast<double>(n);
      for (int k : {0, 1}) r[i][k] = density[k] / (density[0] + density[1]);
    }
    return likelihood;
  };
  maximise();
  double before = -INFINITY;
  while (own.steps < most) {
    double likelihood = expect();
    maximise();
    ++own.steps;
    if (std::abs(likelihood - before) < tolerance) break;
    before = likelihood;
  }
  expect();
  int lower = own.mean[0] <= own.mean[1] ? 0 : 1;
  for (std::size_t i = 0; i < n; ++i) own.posterior.push_back(r[i][lower]);
  return own;
}

TEST(Mixture, IsThatOfAPlainEm) {
  for (std::uint64_t seed : {1, 2, 3}) {
    Stream random = Streams(seed, "test").at(0, 0);
    std::vector<double> x;
    for (int i = 0; i < 400; ++i)
      x.push_back(i % 10 < 6 ? 0.2 + 0.1 * random.uniform(-1, 1) : 0.6 + 0.35 * random.uniform(-1, 1));
    at::Tensor values = at::tensor(x, at::TensorOptions(at::kDouble)), components = two_means(values, random);
    std::vector<std::int64_t> start(components.const_data_ptr<std::int64_t>(),
                                    components.const_data_ptr<std::int64_t>() + components.numel());
    for (double tolerance : {1e-2, 1e-6}) {
      Mixture own = Mixture::fit(values, components, {100, tolerance, 5e-4});
      Plain plain = plain_em(x, start, 100, tolerance, 5e-4);
      EXPECT_EQ(own.iterations, plain.steps);
      for (int k : {0, 1}) {
        EXPECT_NEAR(own.means[k].item<double>(), plain.mean[k], 1e-9);
        EXPECT_NEAR(own.variances[k].item<double>(), plain.variance[k], 1e-9);
        EXPECT_NEAR(own.weights[k].item<double>(), plain.weight[k], 1e-9);
      }
      EXPECT_TRUE(at::allclose(own.posterior, at::tensor(plain.posterior, at::TensorOptions(at::kDouble)), 1e-7, 1e-9));
    }
  }
}

}  // namespace
}  // namespace winnow::method
