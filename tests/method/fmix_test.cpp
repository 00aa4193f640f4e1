// FMix: its masks, and ProMix's loss on images that are mixed by them. docs/methods/noisy-labels.md#6.9.
#include "winnow/method/fmix.h"

#include <cmath>
#include <complex>
#include <numbers>

#include "detector_run.h"
#include "winnow/method/formulas.h"
#include "winnow/model/normalise.h"

namespace winnow::method {
namespace {

// The image of a spectrum by the definition of its transform, frequency by frequency.
at::Tensor image_of(const at::Tensor& normal, double decay) {
  std::int64_t side = normal.size(1), half = normal.size(2);
  at::Tensor image = at::zeros({side, side}, at::kDouble);
  auto cell = image.accessor<double, 2>();
  for (std::int64_t u = 0; u < side; ++u)
    for (std::int64_t v = 0; v < half; ++v) {
      double fu = static_cast<double>(u < (side + 1) / 2 ? u : u - side) / static_cast<double>(side),
             fv = static_cast<double>(v) / static_cast<double>(side);
      double scale = std::pow(std::max(std::hypot(fu, fv), 1.0 / static_cast<double>(side)), -decay);
      std::complex<double> z(normal[0][u][v].item<double>() * scale, normal[1][u][v].item<double>() * scale);
      bool once = v == 0 || 2 * v == side;  // the others stand for their conjugates, too
      for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x) {
          double angle = 2 * std::numbers::pi * static_cast<double>(u * y + v * x) / static_cast<double>(side);
          cell[y][x] += (once ? 1 : 2) * (z * std::polar(1.0, angle)).real() / static_cast<double>(side * side);
        }
    }
  return image;
}

TEST(FMix, RanksAreThoseOfTheLowFrequencyImage) {
  constexpr std::int64_t kSide = 8;
  at::Tensor normal = random_tensor({2, kSide, kSide / 2 + 1}, 3, -2, 2);
  at::Tensor ranks = low_frequency_ranks(normal, 3, 0), image = image_of(normal, 3);
  ASSERT_EQ(ranks.sizes(), (at::IntArrayRef{kSide, kSide}));
  at::Tensor by_image = std::get<1>(image.flatten().sort(0, /*descending=*/true)),
             by_rank = std::get<1>(ranks.flatten().sort());
  EXPECT_TRUE(at::equal(by_image, by_rank)) << "the largest cell comes first";
  EXPECT_TRUE(at::allclose(std::get<0>(ranks.flatten().sort()), at::arange(64, at::kDouble) / 64));
}

// A mask of the share l has l of the cells, rounded up or down.
TEST(FMix, AMaskHasTheShareOfItsCells) {
  at::Tensor normal = random_tensor({2, 8, 5}, 4, -2, 2);
  for (double share : {0.0, 0.1, 0.5, 0.77, 1.0}) {
    auto cells = [&](double shift) {
      return (low_frequency_ranks(normal, 3, shift) < share).sum().item<std::int64_t>();
    };
    EXPECT_EQ(cells(0), static_cast<std::int64_t>(std::ceil(64 * share))) << share;
    EXPECT_EQ(cells(0.999), static_cast<std::int64_t>(std::floor(64 * share))) << share;
  }
}

// Blobs, and no noise: neighbours are mostly on one side. Of independent cells half of the pairs would differ.
TEST(FMix, MasksAreOfLowFrequency) {
  at::Tensor mask = low_frequency_ranks(random_tensor({2, 32, 17}, 5, -2, 2), 3, 0) < 0.5;
  double differ = (mask.narrow(0, 0, 31) != mask.narrow(0, 1, 31)).to(at::kDouble).mean().item<double>();
  EXPECT_LT(differ, 0.15);
}

// With a rate of 0 the networks stand still, and what the mask adds to the loss can be said.
struct ProMixByMasks : DetectorRun {
  ProMixByMasks() {
    set("warmup_epochs", 0);
    set("rampup", 0.0);
    set("ramp", 0);
    set("train.lr", 0.0);
    set("debias_output", 0.0);
    set("tau", 0.0);  // everything is known
    at::TensorOptions doubles(at::kDouble);
    share_ = at::tensor({0.3, 0.6, 0.5, 0.9, 0.2, 0.8, 0.7, 0.4}, doubles).view({kEpochs, 2});
    ranks_ = at::stack({low_frequency_ranks(random_tensor({2, 32, 17}, 6, -2, 2), 3, 0),
                        low_frequency_ranks(random_tensor({2, 32, 17}, 7, -2, 2), 3, 0.5)})
                 .expand({kEpochs, 2, 32, 32});
    partner_ = at::arange(kSamples).roll(7).expand({kEpochs, 2, kSamples});
    for (auto& [purpose, values] : std::map<std::string, at::Tensor>{
             {"fmix.lambda", share_}, {"fmix.ranks", ranks_}, {"fmix.permutation", partner_}})
      recorded_.draws[purpose] = {values, train::Replay::Axes::iteration_and_index};
  }
  at::Tensor logits(const at::Tensor& rows) const {
    at::Tensor features = at::matmul(rows, recorded_.tensors.at("main").t());
    return 5 * at::matmul(model::normalise_rows(features), model::normalise_rows(recorded_.tensors.at("head")).t());
  }
  at::Tensor share_, ranks_, partner_;
};

TEST_F(ProMixByMasks, KnownSamplesLearnTheShareOfTheirPixels) {
  train::Trace without = run("promix");
  set("fmix", true);
  train::Trace with = run("promix");
  expect_finite(with);
  EXPECT_TRUE(at::equal(with.states.at("mask"), without.states.at("mask")));
  at::Tensor x = recorded_.tensors.at("x_w"), partner = partner_[0][0];
  for (std::int64_t step = 0; step < kEpochs; ++step) {
    at::Tensor cells = (ranks_[step][0] < share_[step][0]).to(at::kDouble).flatten();
    // A row of five numbers has no height: each takes the weight of its fifth of the cells' line.
    at::Tensor weight = cells.index_select(0, at::tensor({0, 204, 409, 614, 819}, at::kLong));
    at::Tensor own = logits(weight * x + (1 - weight) * x.index_select(0, partner));
    double l = share_[step][0].item<double>();
    at::Tensor each = l * cross_entropy(own, given_) + (1 - l) * cross_entropy(own, given_.index_select(0, partner));
    EXPECT_NEAR((with.logged.at("loss")[step] - without.logged.at("loss")[step]).item<double>(),
                each.mean().item<double>(), 1e-9)
        << step;
  }
}

TEST_F(ProMixByMasks, ItsLossGrowsOverTheRamp) {
  train::Trace without = run("promix");
  set("fmix", true);
  set("ramp", 4);
  set("rho_start", 0.5);
  train::Trace with = run("promix");
  EXPECT_EQ(with.logged.at("loss")[0].item<double>(), without.logged.at("loss")[0].item<double>()) << "weight 0";
  EXPECT_GT(with.logged.at("loss")[2].item<double>(), without.logged.at("loss")[2].item<double>());
}

}  // namespace
}  // namespace winnow::method
