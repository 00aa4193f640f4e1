#include "winnow/model/head.h"

#include <ATen/ATen.h>

#include <cmath>

#include "winnow/core/stream.h"
#include "winnow/model/normalise.h"
#include "winnow/model/random_tensor.h"

namespace winnow::model {

namespace {

// A head whose weights are fp16 computes in fp16. What it gives has the type of what it got: losses are fp32.
template <class F>
at::Tensor in_type_of(const Parameter& weight, const at::Tensor& features, F compute) {
  return compute(features.to(weight.use.scalar_type())).to(features.scalar_type());
}

class CosineHead final : public Module {
 public:
  CosineHead(const std::string& name, const at::Tensor& weight, double scale)
      : scale_(scale), weight_(weights_.add(name, weight, true)) {}

  at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override {
    return in_type_of(*weight_, inputs.at(0), [&](const at::Tensor& features) {
      return scale_ * at::matmul(normalise_rows(features), normalise_rows(weight_->use).t());
    });
  }

 private:
  double scale_;
  Parameter* weight_;
};

class LinearHead final : public Module {
 public:
  LinearHead(const std::string& name, const at::Tensor& weight, const at::Tensor& bias)
      : weight_(weights_.add(name + ".weight", weight, true)), bias_(weights_.add(name + ".bias", bias, true)) {}
  at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override {
    return in_type_of(*weight_, inputs.at(0),
                      [&](const at::Tensor& features) { return at::linear(features, weight_->use, bias_->use); });
  }

 private:
  Parameter *weight_, *bias_;
};

class NormedHead final : public Module {
 public:
  NormedHead(const std::string& name, const at::Tensor& weight, bool layer_norm)
      : weight_(weights_.add(name, weight, true)), layer_norm_(layer_norm) {}
  at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override {
    at::Tensor features = inputs.at(0);
    if (layer_norm_) features = at::layer_norm(features, {features.size(-1)}, {}, {}, 1e-12);
    return in_type_of(*weight_, features,
                      [&](const at::Tensor& own) { return at::matmul(own, normalise_rows(weight_->use).t()); });
  }

 private:
  Parameter* weight_;
  bool layer_norm_;
};

class LinearRows final : public Module {
 public:
  LinearRows(const std::string& name, const at::Tensor& rows) : rows_(weights_.add(name, rows, true)) {}
  at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override {
    return at::matmul(inputs.at(0), rows_->use.t());
  }

 private:
  Parameter* rows_;
};

at::Tensor initial_rows(const ModulePlace& place, const at::Tensor& rows) {
  return place.initial("weight", [&](const Streams&) { return rows.cpu(); });
}

class Temperature final : public Module {
 public:
  Temperature(double initial, at::ScalarType dtype) {
    logit_scale_ = weights_.add("logit_scale", at::full({}, std::log(1 / initial), dtype), true);
  }

  at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override {
    return logit_scale_->use.exp() * at::matmul(normalise_rows(inputs.at(0)), normalise_rows(inputs.at(1)).t());
  }

 private:
  Parameter* logit_scale_;
};

}  // namespace

std::unique_ptr<Module> cosine_head(const std::string& name, at::Tensor weight, double scale) {
  return std::make_unique<CosineHead>(name, weight, scale);
}

std::unique_ptr<Module> linear_head(const std::string& name, at::Tensor weight, at::Tensor bias) {
  return std::make_unique<LinearHead>(name, weight, bias);
}

std::unique_ptr<Module> l2normed_head(const std::string& name, at::Tensor weight) {
  return std::make_unique<NormedHead>(name, weight, false);
}

std::unique_ptr<Module> layernormed_head(const std::string& name, at::Tensor weight) {
  return std::make_unique<NormedHead>(name, weight, true);
}

ModuleMaker temperature(double initial) {
  return [initial](const ModulePlace& place) -> std::unique_ptr<Module> {
    return std::make_unique<Temperature>(initial, place.dtype);
  };
}

ModuleMaker cosine_rows(double scale, at::Tensor rows) {
  return [scale, rows](const ModulePlace& place) -> std::unique_ptr<Module> {
    return std::make_unique<CosineHead>(place.name + ".weight", initial_rows(place, rows), scale);
  };
}

ModuleMaker linear_rows(at::Tensor rows) {
  return [rows](const ModulePlace& place) -> std::unique_ptr<Module> {
    return std::make_unique<LinearRows>(place.name + ".weight", initial_rows(place, rows));
  };
}

at::Tensor random_rows(std::int64_t rows, std::int64_t width, std::uint64_t seed, std::string_view purpose) {
  return normalise_rows(uniform_rows(rows, width, 1, Streams(seed, purpose))).to(at::kFloat);
}

at::Tensor kaiming_rows(std::int64_t rows, std::int64_t width, std::uint64_t seed, std::string_view purpose) {
  return normal_rows(rows, width, std::sqrt(2.0 / static_cast<double>(width)), Streams(seed, purpose)).to(at::kFloat);
}

}  // namespace winnow::model
