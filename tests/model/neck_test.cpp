#include "winnow/model/neck.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace winnow::model {
namespace {

std::unique_ptr<Module> random_neck(std::int64_t d, std::int64_t columns, std::uint64_t seed, at::ScalarType dtype) {
  return neck(columns)({"neck", d, 0, seed, dtype});
}

TEST(Neck, HasTwoLayersAndUnitRows) {
  auto own = random_neck(6, 4, 0, at::kDouble);
  EXPECT_EQ(own->width(), 4);
  at::Tensor x = at::linspace(-2, 2, 18, at::kDouble).view({3, 6}).sin(), got = own->apply({x}, true);
  auto weight = [&](std::size_t i) { return own->weights().all()[i].value; };
  at::Tensor hidden = at::relu(at::matmul(x, weight(0).t()) + weight(1)),
             want = at::matmul(hidden, weight(2).t()) + weight(3);
  EXPECT_TRUE(at::allclose(got, want / want.norm(2, {1}, true)));
  EXPECT_EQ(own->weights().all()[2].name, "neck.w2");
}

TEST(Neck, StartsWithinTheBoundOfItsInputs) {
  auto own = random_neck(16, 0, 3, at::kFloat);
  EXPECT_EQ(own->width(), 16) << "as wide as its input";
  for (const Parameter& parameter : own->weights().all()) {
    EXPECT_LE(parameter.value.abs().max().item<double>(), 0.25) << parameter.name;
    EXPECT_GT(parameter.value.abs().max().item<double>(), 0.15) << parameter.name;
  }
  auto again = random_neck(16, 0, 3, at::kFloat), other = random_neck(16, 0, 4, at::kFloat);
  EXPECT_TRUE(at::equal(own->weights().all()[0].value, again->weights().all()[0].value));
  EXPECT_FALSE(at::equal(own->weights().all()[0].value, other->weights().all()[0].value));
}

TEST(Neck, AnEmbeddingOfZerosStaysOne) {
  ModulePlace place{.name = "neck", .features = 2, .recorded = [](const std::string& parameter) {
                      bool bias = parameter.ends_with("b1") || parameter.ends_with("b2");
                      std::int64_t rows = parameter.ends_with("2") ? 3 : 2;
                      return bias ? at::zeros({rows}, at::kDouble) : at::zeros({rows, 2}, at::kDouble);
                    }};
  auto own = neck(3)(place);
  EXPECT_EQ(own->apply({at::ones({1, 2}, at::kDouble)}, true).abs().sum().item<double>(), 0);
}

}  // namespace
}  // namespace winnow::model
