#include "winnow/model/toy.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/model/head.h"

namespace winnow::model {

namespace {

class LinearTower final : public Tower {
 public:
  // A stands for everything visual that is adapted: without it the tower stays as it began.
  // classes: what it makes of texts, which a tower of both reads as the numbers of classes; undefined: it reads none.
  LinearTower(const std::string& name, const at::Tensor& a, const at::Tensor& classes)
      : a_(weights_.add(name, a.clone(), true)), start_(weights_.add(name + ".start", a.clone(), false)),
        classes_(classes) {}
  Outputs rows(const at::Tensor& inputs) override {
    if (!inputs.is_floating_point() && classes_.defined())
      return {{"features", classes_.to(inputs.device()).index_select(0, inputs)}};
    return {{"features", at::matmul(inputs, a_->use.t())}};
  }
  Outputs rows_unadapted(const at::Tensor& inputs) override {
    return {{"features", at::matmul(inputs, start_->use.t())}};
  }
  std::int64_t width() const override { return a_->value.size(0); }

 private:
  Parameter *a_, *start_;
  at::Tensor classes_;
};

class RowTower final : public Tower {
 public:
  RowTower(const std::string& name, at::Tensor all) { all_ = weights_.add(name, std::move(all), true); }
  Outputs rows(const at::Tensor& inputs) override { return {{"features", all_->use.index_select(0, inputs)}}; }
  std::int64_t width() const override { return all_->value.size(1); }

 private:
  Parameter* all_;
};

class Toy final : public Architecture {
 public:
  Toy(std::map<std::string, at::Tensor> tensors, std::map<std::string, std::string> names, double scale)
      : tensors_(std::move(tensors)), names_(std::move(names)), scale_(scale) {}

  std::unique_ptr<Tower> tower(std::string_view network, TowerKind kind) override {
    std::string name = recorded_name(network);
    if (kind == TowerKind::text) throw InternalError("the toy's text towers are its prompts");
    auto classes = tensors_.find(recorded_name("prompts"));
    bool reads = kind == TowerKind::joint && classes != tensors_.end();
    return std::make_unique<LinearTower>(name, initial(name), reads ? classes->second : at::Tensor());
  }

  std::unique_ptr<Tower> prompts(std::string_view network, std::int64_t) const override {
    std::string name = recorded_name(network);
    return std::make_unique<RowTower>(name, initial(name));
  }

  std::unique_ptr<Module> head(std::string_view name, HeadStart) const override {
    std::string weight = recorded_name(name), bias = recorded_name(fmt::format("{}.bias", name));
    if (!tensors_.count(bias)) return cosine_head(weight, initial(weight), scale_);
    return linear_head(std::string(name), initial(weight), initial(bias));
  }

  ModulePlace place(std::string_view name) const override {
    at::Tensor features = initial(recorded_name("main"));
    ModulePlace result{.name = std::string(name), .features = features.size(0)};
    result.recorded = [this](const std::string& parameter) { return initial(recorded_name(parameter)); };
    return result;
  }

 private:
  std::string recorded_name(std::string_view name) const {
    auto found = names_.find(std::string(name));
    return found == names_.end() ? std::string(name) : found->second;
  }

  at::Tensor initial(const std::string& name) const {
    auto found = tensors_.find(name);
    if (found == tensors_.end()) throw DataError(fmt::format("the case has no tensor in.{}", name));
    return found->second.clone();
  }

  std::map<std::string, at::Tensor> tensors_;
  std::map<std::string, std::string> names_;
  double scale_;
};

}  // namespace

std::unique_ptr<Architecture> toy(std::map<std::string, at::Tensor> tensors, std::map<std::string, std::string> names,
                                  double scale) {
  return std::make_unique<Toy>(std::move(tensors), std::move(names), scale);
}

}  // namespace winnow::model
