#include "winnow/view/view.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "winnow/core/error.h"

namespace winnow::view {
namespace {

const Normalisation kIdentity{{0, 0, 0}, {1.0 / 255, 1.0 / 255, 1.0 / 255}};  // leaves pixel values as they are

at::Tensor image() { return at::arange(1, 17, at::kByte).view({1, 4, 4, 1}); }

at::Tensor cropped(FlipCrop drawn) {
  return normalise(flip_crop(image(), {drawn}, 1), kIdentity, at::kFloat).select(1, 0).squeeze(0);
}

TEST(Normaliser, RepeatsGrey) {
  at::Tensor x = normalise(image(), {{0.5, 0.5, 0}, {0.5, 0.25, 1}}, at::kFloat);
  EXPECT_EQ(x.sizes(), (std::vector<std::int64_t>{1, 3, 4, 4}));
  EXPECT_NEAR(x[0][0][0][0].item<double>(), (1.0 / 255 - 0.5) / 0.5, 1e-6);
  EXPECT_NEAR(x[0][1][0][0].item<double>(), (1.0 / 255 - 0.5) / 0.25, 1e-6);
  EXPECT_NEAR(x[0][2][3][3].item<double>(), 16.0 / 255, 1e-6);
}

TEST(FlipCrop, KnownImages) {
  at::Tensor original = image().view({4, 4}).to(at::kFloat);
  EXPECT_TRUE(at::allclose(cropped({false, 1, 1}), original));
  EXPECT_TRUE(at::allclose(cropped({true, 1, 1}), original.flip(1)));
  at::Tensor moved = cropped({false, 0, 2});  // one row of padding above, one column to the left cut off
  EXPECT_TRUE(at::allclose(moved[0], at::zeros({4})));
  EXPECT_TRUE(at::allclose(moved[1], at::tensor({2.f, 3.f, 4.f, 0.f})));
}

TEST(FlipCrop, DrawsReachEveryOffsetAndDependOnTheSample) {
  std::set<std::tuple<bool, std::int64_t, std::int64_t>> seen;
  for (std::int64_t sample = 0; sample < 400; ++sample) {
    FlipCrop drawn = draw_flip_crop(0, 0, 1, 0, sample);
    seen.insert({drawn.flip, drawn.top, drawn.left});
  }
  EXPECT_EQ(seen.size(), 2u * 3 * 3);
  FlipCrop a = draw_flip_crop(0, 0, 3, 2, 5), b = draw_flip_crop(0, 0, 3, 2, 5);
  EXPECT_EQ(std::tie(a.flip, a.top, a.left), std::tie(b.flip, b.top, b.left));
}

TEST(FlipCrop, TwoViewsOfAnImageAreDrawnApart) {
  int same = 0;
  for (std::int64_t sample = 0; sample < 200; ++sample) {
    FlipCrop a = draw_flip_crop(0, 0, 3, 0, sample), b = draw_flip_crop(0, 1, 3, 0, sample);
    same += std::tie(a.flip, a.top, a.left) == std::tie(b.flip, b.top, b.left);
  }
  EXPECT_LT(same, 15) << "98 images are possible";
}

}  // namespace
}  // namespace winnow::view
