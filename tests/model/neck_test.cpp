#include "../../src/model/neck.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace winnow::model {
namespace {

TEST(Neck, HasTwoLayersAndUnitRows) {
  auto own = random_neck("neck", 6, 4, 0, at::kDouble);
  EXPECT_EQ(own->width(), 4);
  at::Tensor x = at::linspace(-2, 2, 18, at::kDouble).view({3, 6}).sin(), got = own->apply({x}, true);
  auto weight = [&](std::size_t i) { return own->weights().all()[i].value; };
  at::Tensor hidden = at::relu(at::matmul(x, weight(0).t()) + weight(1)),
             want = at::matmul(hidden, weight(2).t()) + weight(3);
  EXPECT_TRUE(at::allclose(got, want / want.norm(2, {1}, true)));
  EXPECT_EQ(own->weights().all()[2].name, "neck.w2");
}

TEST(Neck, StartsWithinTheBoundOfItsInputs) {
  auto own = random_neck("neck", 16, 0, 3, at::kFloat);
  EXPECT_EQ(own->width(), 16) << "as wide as its input";
  for (const Parameter& parameter : own->weights().all()) {
    EXPECT_LE(parameter.value.abs().max().item<double>(), 0.25) << parameter.name;
    EXPECT_GT(parameter.value.abs().max().item<double>(), 0.15) << parameter.name;
  }
  auto again = random_neck("neck", 16, 0, 3, at::kFloat), other = random_neck("neck", 16, 0, 4, at::kFloat);
  EXPECT_TRUE(at::equal(own->weights().all()[0].value, again->weights().all()[0].value));
  EXPECT_FALSE(at::equal(own->weights().all()[0].value, other->weights().all()[0].value));
}

TEST(Neck, AnEmbeddingOfZerosStaysOne) {
  auto zero = [](at::IntArrayRef shape) { return at::zeros(shape, at::TensorOptions(at::kDouble)); };
  auto own = neck("neck", zero({2, 2}), zero({2}), zero({3, 2}), zero({3}));
  EXPECT_EQ(own->apply({at::ones({1, 2}, at::kDouble)}, true).abs().sum().item<double>(), 0);
}

TEST(Attention, IsLinear) {
  auto own = random_attention("attention", 5, 0, at::kDouble);
  at::Tensor p = at::linspace(0, 1, 20, at::kDouble).view({2, 10});
  EXPECT_EQ(own->apply({p}, true).sizes(), (at::IntArrayRef{2, 2}));
  EXPECT_TRUE(at::allclose(own->apply({p}, true),
                           at::matmul(p, own->weights().all()[0].value.t()) + own->weights().all()[1].value));
}

}  // namespace
}  // namespace winnow::model
