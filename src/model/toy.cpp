#include "winnow/model/toy.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "neck.h"
#include "winnow/core/error.h"
#include "winnow/model/head.h"

namespace winnow::model {

namespace {

class ToyTower final : public Tower {
 public:
  ToyTower(const std::string& name, at::Tensor a) { a_ = weights_.add(name, std::move(a), true); }
  Outputs rows(const at::Tensor& inputs) override { return {{"features", at::matmul(inputs, a_->use.t())}}; }
  std::int64_t width() const override { return a_->value.size(0); }

 private:
  Parameter* a_;
};

class Toy final : public Architecture {
 public:
  Toy(std::map<std::string, at::Tensor> tensors, double scale) : tensors_(std::move(tensors)), scale_(scale) {}

  std::unique_ptr<Tower> tower(std::string_view network, TowerKind kind) override {
    if (kind != TowerKind::image) throw InternalError("the toy has no text tower");
    std::string name = network == "main" ? "A" : fmt::format("A_{}", suffix(network));
    return std::make_unique<ToyTower>(name, initial(name));
  }

  // The widths are those of the case's tensors.
  std::unique_ptr<Module> module(std::string_view name, ModuleKind kind, std::int64_t) override {
    auto own = [&](const char* part) { return initial(fmt::format("{}.{}", name, part)); };
    switch (kind) {
      case ModuleKind::head:
      case ModuleKind::random_head: {
        std::string weight = name == "head" ? "W" : fmt::format("W_{}", suffix(name));
        return cosine_head(weight, initial(weight), scale_);
      }
      case ModuleKind::neck: return neck(std::string(name), own("w1"), own("b1"), own("w2"), own("b2"));
      case ModuleKind::attention: return attention(std::string(name), own("weight"), own("bias"));
      default: throw InternalError(fmt::format("the toy has no module for {}", name));
    }
  }

 private:
  // Cases write A_g and W_g for what belongs to a generator.
  static std::string_view suffix(std::string_view name) { return name.starts_with("generator") ? "g" : name; }

  at::Tensor initial(const std::string& name) const {
    auto found = tensors_.find(name);
    if (found == tensors_.end()) throw DataError(fmt::format("the case has no tensor in.{}", name));
    return found->second.clone();
  }

  std::map<std::string, at::Tensor> tensors_;
  double scale_;
};

}  // namespace

std::unique_ptr<Architecture> toy(std::map<std::string, at::Tensor> tensors, double scale) {
  return std::make_unique<Toy>(std::move(tensors), scale);
}

}  // namespace winnow::model
