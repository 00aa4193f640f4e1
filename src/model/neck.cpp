#include "neck.h"

#include <ATen/ATen.h>

#include <cmath>

#include "winnow/core/stream.h"
#include "winnow/model/normalise.h"
#include "winnow/model/random_tensor.h"

namespace winnow::model {

namespace {

class Neck final : public Module {
 public:
  Neck(const std::string& name, const at::Tensor& w1, const at::Tensor& b1, const at::Tensor& w2, const at::Tensor& b2)
      : w1_(weights_.add(name + ".w1", w1, true)), b1_(weights_.add(name + ".b1", b1, true)),
        w2_(weights_.add(name + ".w2", w2, true)), b2_(weights_.add(name + ".b2", b2, true)) {}

  std::int64_t width() const override { return w2_->value.size(0); }

  at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override {
    return normalise_or_zero(at::linear(at::relu(at::linear(inputs.at(0), w1_->use, b1_->use)), w2_->use, b2_->use));
  }

 private:
  Parameter *w1_, *b1_, *w2_, *b2_;
};

class Attention final : public Module {
 public:
  Attention(const std::string& name, const at::Tensor& weight, const at::Tensor& bias)
      : weight_(weights_.add(name + ".weight", weight, true)), bias_(weights_.add(name + ".bias", bias, true)) {}

  std::int64_t width() const override { return weight_->value.size(0); }
  at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override {
    return at::linear(inputs.at(0), weight_->use, bias_->use);
  }

 private:
  Parameter *weight_, *bias_;
};

// rows x columns, uniform within 1 / sqrt(fan_in).
at::Tensor linear_start(std::int64_t rows, std::int64_t columns, std::int64_t fan_in, std::uint64_t seed,
                        const std::string& purpose) {
  return uniform_rows(rows, columns, 1 / std::sqrt(static_cast<double>(fan_in)), Streams(seed, "init." + purpose));
}

}  // namespace

std::unique_ptr<Module> neck(const std::string& name, at::Tensor w1, at::Tensor b1, at::Tensor w2, at::Tensor b2) {
  return std::make_unique<Neck>(name, std::move(w1), std::move(b1), std::move(w2), std::move(b2));
}

std::unique_ptr<Module> random_neck(const std::string& name, std::int64_t d, std::int64_t columns, std::uint64_t seed,
                                    at::ScalarType dtype) {
  if (columns == 0) columns = d;
  auto weight = [&](const char* part, std::int64_t rows) {
    return linear_start(rows, d, d, seed, name + part).to(dtype);
  };
  auto bias = [&](const char* part, std::int64_t rows) {
    return linear_start(rows, 1, d, seed, name + part).squeeze(1).to(dtype);
  };
  return neck(name, weight(".w1", d), bias(".b1", d), weight(".w2", columns), bias(".b2", columns));
}

std::unique_ptr<Module> attention(const std::string& name, at::Tensor weight, at::Tensor bias) {
  return std::make_unique<Attention>(name, std::move(weight), std::move(bias));
}

std::unique_ptr<Module> random_attention(const std::string& name, std::int64_t classes, std::uint64_t seed,
                                         at::ScalarType dtype) {
  return attention(name, linear_start(2, 2 * classes, 2 * classes, seed, name + ".weight").to(dtype),
                   linear_start(2, 1, 2 * classes, seed, name + ".bias").squeeze(1).to(dtype));
}

}  // namespace winnow::model
