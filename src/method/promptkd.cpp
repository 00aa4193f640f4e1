// PromptKD: a prompted student learns a larger teacher's predictions on images without labels. Li et al., "PromptKD:
// unsupervised prompt distillation for vision-language models", 2024; docs/methods/unsupervised.md#6.8.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "winnow/core/error.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/model/head.h"
#include "winnow/model/random_tensor.h"

namespace winnow::method {

namespace {

// From the student's space to the teacher's: linear, batch normalisation, ReLU, linear. It sees the whole batch on
// every process, so its statistics need no rule of their own. Parameters NAME.0, .1, .3, as in the reference's
// sequence.
class Projector final : public model::Module {
 public:
  Projector(const model::ModulePlace& place, std::int64_t features, std::int64_t columns)
      : in_(linear(place, "0", columns, features)), norm_weight_(add(place, "1.weight", at::ones({columns}))),
        norm_bias_(add(place, "1.bias", at::zeros({columns}))),
        mean_(average(place, "1.running_mean", in_.first->value.size(0), 0)),
        variance_(average(place, "1.running_var", in_.first->value.size(0), 1)),
        out_(linear(place, "3", columns, columns)) {}

  std::int64_t width() const override { return out_.first->value.size(0); }

  Tensor apply(const std::vector<Tensor>& inputs, bool training) override {
    Tensor hidden = at::linear(inputs.at(0), in_.first->use, in_.second->use);
    Tensor mean = mean_->value, variance = variance_->value;
    if (training) {
      std::int64_t B = hidden.size(0);
      if (B < 2)
        throw UsageError("a batch of one sample has no variance: set a larger train.batch, or train.drop_last");
      mean = hidden.mean(0);
      variance = hidden.var(0, /*unbiased=*/false);
      constexpr double kMomentum = 0.1;
      mean_->value.lerp_(mean.detach(), kMomentum);
      variance_->value.lerp_(variance.detach() * (static_cast<double>(B) / static_cast<double>(B - 1)), kMomentum);
    }
    Tensor normal = (hidden - mean) * at::rsqrt(variance + 1e-5) * norm_weight_->use + norm_bias_->use;
    return at::linear(at::relu(normal), out_.first->use, out_.second->use);
  }

 private:
  using Layer = std::pair<model::Parameter*, model::Parameter*>;
  Layer linear(const model::ModulePlace& place, const std::string& part, std::int64_t rows, std::int64_t columns) {
    double bound = 1 / std::sqrt(static_cast<double>(columns));
    auto start = [&](std::int64_t width) {
      return [=](const Streams& streams) { return model::uniform_rows(rows, width, bound, streams); };
    };
    return {weights_.add(place.name + "." + part + ".weight", place.initial(part + ".weight", start(columns)), true),
            weights_.add(place.name + "." + part + ".bias", place.initial(part + ".bias", start(1)).flatten(), true)};
  }
  model::Parameter* add(const model::ModulePlace& place, const std::string& part, const Tensor& start) {
    return weights_.add(place.name + "." + part, place.initial(part, [&](const Streams&) { return start; }), true,
                        model::Role::norm);
  }
  model::Parameter* average(const model::ModulePlace& place, const std::string& part, std::int64_t columns,
                            double start) {
    model::Parameter* result =
        weights_.add(place.name + "." + part, at::full({columns}, start, norm_bias_->value.options()), false,
                     model::Role::statistics);
    result->averaged = true;
    return result;
  }

  Layer in_;
  model::Parameter *norm_weight_, *norm_bias_, *mean_, *variance_;
  Layer out_;
};

// w T^2 sum KL(softmax(teacher / T) || softmax(student / T)) / (B C)
Tensor distillation(const Settings& settings, const Tensor& student, const Tensor& teacher) {
  double temperature = settings.real("temperature");
  Tensor target = at::log_softmax(teacher / temperature, 1), own = at::log_softmax(student / temperature, 1);
  Tensor divergence = (target.exp() * (target - own)).sum() / static_cast<double>(student.numel());
  return settings.real("kd_weight") * temperature * temperature * divergence;
}

class PromptKD final : public Method {
 public:
  void setup(Setup& setup) override {
    setup.network("main", TowerKind::joint);
    Tensor rows = setup.has_input("class_texts") ? setup.input("class_texts") : Tensor();  // C x columns
    std::int64_t columns = rows.defined() ? rows.size(1) : 0;
    std::int64_t features = setup.width("main");
    setup.module("projector", [=](const model::ModulePlace& place) -> std::unique_ptr<model::Module> {
      return std::make_unique<Projector>(place, features, columns);
    });
    setup.module("class_texts", model::cosine_rows(setup.logit_scale(), rows));
    setup.optimiser("main", {"main", "projector"});
  }

  void step(Step& step) override {
    Tensor student =
        step.apply("class_texts", {step.apply("projector", {step.forward("main", "weak", step.ids()).features()})});
    step.update("main", distillation(step.settings(), student, step.rows_of(step.input("teacher_logits"))));
  }

  Outputs predict(Forward& forward) override {
    Tensor projected = forward.apply("projector", {forward.forward("main", "plain", forward.ids()).features()});
    return {{"logits", forward.apply("class_texts", {projected})}};
  }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  return {{"loss", distillation(settings, in.at("student_logits"), in.at("teacher_logits"))}};
}

}  // namespace

Entry promptkd_entry() {
  return {"promptkd", [] { return std::unique_ptr<Method>(new PromptKD); }, &loss_alone};
}

}  // namespace winnow::method
