#include "winnow/label/instance_noise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "labelled.h"
#include "winnow/core/stream.h"

namespace winnow::label {
namespace {

const Spec kSpec{.kind = Kind::instance, .rate = 0.4, .seed = 1};

// docs/methods/noisy-labels.md#1.2: the mean of the truncated normal law.
TEST(InstanceNoise, RatesAreTruncated) {
  constexpr std::int64_t kSamples = 20000;
  for (auto [rate, mean] : {std::pair{0.1, 0.1288}, {0.2, 0.2055}, {0.3, 0.3004}, {0.4, 0.4}, {0.5, 0.5}}) {
    Spec spec = kSpec;
    spec.rate = rate;
    double sum = 0;
    for (std::int64_t i = 0; i < kSamples; ++i) {
      double q = draw_instance_rate(spec, i);
      ASSERT_GE(q, 0);
      ASSERT_LE(q, 1);
      sum += q;
    }
    EXPECT_NEAR(sum / kSamples, mean, 3 * 0.1 / std::sqrt(kSamples) + 1e-4) << rate;
  }
  Spec exact{.kind = Kind::instance, .rate = 0.3, .sigma = 0};
  EXPECT_EQ(draw_instance_rate(exact, 5), 0.3);
  exact.rate = 1;
  EXPECT_EQ(draw_instance_rate(exact, 5), 1);
}

TEST(InstanceNoise, AProjectionIsTheSameInPieces) {
  std::vector<double> whole(7 * 3), pieces(7 * 3);
  draw_projection(kSpec, 2, 0, 3, whole);
  draw_projection(kSpec, 2, 0, 3, std::span(pieces).subspan(0, 4 * 3));
  draw_projection(kSpec, 2, 4, 3, std::span(pieces).subspan(4 * 3));
  EXPECT_EQ(whole, pieces);
  draw_projection(kSpec, 1, 0, 3, pieces);
  EXPECT_NE(whole, pieces) << "every true class has its own";
}

TEST(InstanceNoise, ProjectsInAnyPieces) {
  constexpr std::size_t kN = 21, kD = 50, kC = 4;
  Stream random = Streams(0, "test").at(0, 0);
  std::vector<std::uint8_t> levels(kN * kD);
  for (std::uint8_t& level : levels) level = static_cast<std::uint8_t>(random.below(256));
  std::vector<double> projection(kD * kC), whole(kN * kC), pieces(kN * kC), reals(kN * kC);
  draw_projection(kSpec, 0, 0, kC, projection);
  project(levels, projection, kC, whole);
  for (std::size_t i = 0; i < kN; ++i)
    project(std::span(levels).subspan(i * kD, kD), projection, kC, std::span(pieces).subspan(i * kC, kC));
  EXPECT_EQ(whole, pieces) << "bit for bit";
  project(std::vector<double>(levels.begin(), levels.end()), projection, kC, reals);
  EXPECT_EQ(whole, reals);
  double by_hand = 0;
  for (std::size_t j = 0; j < kD; ++j) by_hand += levels[3 * kD + j] * projection[j * kC + 2];
  EXPECT_EQ(whole[3 * kC + 2], by_hand);
}

TEST(InstanceNoise, TheLawKeepsTheTrueLabelWithTheRest) {
  std::vector<double> law = {1, 5, 1, 1 + std::log(2)};
  instance_law(law, 1, 0.4);
  EXPECT_NEAR(law[0], 0.1, 1e-15);
  EXPECT_EQ(law[1], 0.6);
  EXPECT_NEAR(law[3], 0.2, 1e-15);
  std::vector<double> far = {1e6, -1e6, 0};
  instance_law(far, 2, 0.25);
  EXPECT_EQ(far, (std::vector<double>{0.25, 0, 0.75})) << "raw levels make one class certain";
}

TEST(InstanceNoise, LabelsFollowTheLaw) {
  std::vector<double> law = {0.1, 0.6, 0.1, 0.2};
  std::vector<std::int64_t> counts(4);
  for (std::int64_t i = 0; i < 20000; ++i) ++counts[static_cast<std::size_t>(draw_instance_label(kSpec, i, law))];
  for (std::size_t c = 0; c < 4; ++c)
    EXPECT_NEAR(static_cast<double>(counts[c]) / 20000, law[c], three_errors(law[c], 20000));
}

}  // namespace
}  // namespace winnow::label
