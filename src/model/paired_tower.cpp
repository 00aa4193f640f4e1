#include "paired_tower.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "transformer.h"
#include "winnow/core/error.h"
#include "winnow/model/adaptation.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/random_tensor.h"
#include "winnow/model/text_tower.h"

namespace winnow::model {

namespace {

constexpr std::int64_t kMixed = 128;  // columns in which tokens of both kinds meet
constexpr double kEpsilon = 1e-5;

// A parameter of a tower that takes another tensor while its rows are computed.
class Lent {
 public:
  Lent(Parameter& parameter, const at::Tensor& tensor) : parameter_(parameter) {
    parameter_.use = tensor.to(parameter_.use.scalar_type());
  }
  ~Lent() { parameter_.use = parameter_.value.to(kept_); }
  Lent(const Lent&) = delete;

 private:
  Parameter& parameter_;
  at::ScalarType kept_ = parameter_.use.scalar_type();
};

class PairedTower final : public Tower {
 public:
  PairedTower(const Snapshot& snapshot, const ClassifierOptions& options, std::string name)
      : name_(std::move(name)), seed_(options.adaptation.seed), dtype_(options.dtype),
        image_(image_tower(snapshot, {options.dtype, FeatureKind::embedding, options.compute})),
        text_(text_tower(snapshot, options.dtype, options.compute)) {
    AdaptationOptions front;
    front.size = options.input_tokens;
    front.depth = 1;
    adapt(*image_, "vpt-front", front);
    visual_slot_ = image_->weights().find("vpt_list.0.prompt");
    std::int64_t M = options.context_vectors, wide = text_->token_width(), d = image_->tower_width();
    const std::string slots = "context";
    text_->learn_context(slots, at::zeros({M, wide}, at::kDouble).to(options.dtype));
    text_slot_ = text_->weights().find(slots);
    if (options.compute == Precision::fp16_pure) image_->weights().become_fp16(), text_->weights().become_fp16();
    image_->weights().to(options.device), text_->weights().to(options.device);

    texts_ = add("texts", normal({M, wide}, 0, 0.02, stream("texts")));
    double bound = std::sqrt(6.0 / static_cast<double>(3 * image_->patch_area() + d));
    images_ = add("images", uniform({options.input_tokens, d}, bound, stream("images")));
    text_in_ = linear("text_in", kMixed, wide);
    image_in_ = linear("image_in", kMixed, d);
    norm1_ = norm("norm1");
    double glorot = std::sqrt(6.0 / (kMixed + 3 * kMixed));
    qkv_ = {add("qkv.weight", uniform({3 * kMixed, kMixed}, glorot, stream("qkv.weight"))),
            add("qkv.bias", at::zeros({3 * kMixed}), Role::bias)};
    out_ = linear("out", kMixed, kMixed);
    out_.bias->value.zero_();
    norm2_ = norm("norm2");
    fc1_ = linear("fc1", 4 * kMixed, kMixed);
    fc2_ = linear("fc2", kMixed, 4 * kMixed);
    text_out_ = linear("text_out", wide, kMixed);
    image_out_ = linear("image_out", d, kMixed);
  }

  Outputs rows(const at::Tensor& inputs) override {
    bool texts = !inputs.is_floating_point();
    Tower& tower = texts ? static_cast<Tower&>(*text_) : *image_;
    auto [context, tokens] = mixed();
    Lent lent(texts ? *text_slot_ : *visual_slot_, texts ? context : tokens);
    return tower.rows(inputs);
  }
  Outputs rows_unadapted(const at::Tensor& inputs) override {
    return inputs.is_floating_point() ? image_->rows_unadapted(inputs) : rows(inputs);
  }
  std::int64_t width() const override { return image_->width(); }

 private:
  Stream stream(const std::string& part) const {
    return Streams(seed_, fmt::format("init.{}.{}", name_, part)).at(0, 0);
  }
  Parameter* add(const std::string& part, const at::Tensor& value, Role role = Role::other) {
    return weights_.add(name_ + "." + part, value.to(dtype_), true, role);
  }
  LayerNorm norm(const std::string& part) {
    return {add(part + ".weight", at::ones({kMixed}), Role::norm),
            add(part + ".bias", at::zeros({kMixed}), Role::norm_bias), kEpsilon};
  }
  Linear linear(const std::string& part, std::int64_t rows, std::int64_t columns) {
    double bound = 1 / std::sqrt(static_cast<double>(columns));
    std::string weight = part + ".weight", bias = part + ".bias";
    return {add(weight, uniform({rows, columns}, bound, stream(weight))),
            add(bias, uniform({rows}, bound, stream(bias)), Role::bias)};
  }

  // T' and V'.
  std::pair<at::Tensor, at::Tensor> mixed() const {
    std::int64_t M = texts_->value.size(0), V = images_->value.size(0);
    at::Tensor x = at::cat({text_in_(texts_->use), image_in_(images_->use)});  // (M + V) x 128
    at::Tensor qkv = qkv_(norm1_(x)), query = qkv.narrow(1, 0, kMixed), key = qkv.narrow(1, kMixed, kMixed);
    at::Tensor attention = at::softmax(at::matmul(query, key.t()) / std::sqrt(static_cast<double>(kMixed)), 1);
    x = x + out_(at::matmul(attention, qkv.narrow(1, 2 * kMixed, kMixed)));
    x = x + fc2_(activate(Activation::quick_gelu, fc1_(norm2_(x))));
    return {text_out_(x.narrow(0, 0, M)), image_out_(x.narrow(0, M, V))};
  }

  std::string name_;
  std::uint64_t seed_;
  at::ScalarType dtype_;
  std::unique_ptr<ImageTower> image_;
  std::unique_ptr<TextTower> text_;
  Parameter *text_slot_ = nullptr, *visual_slot_ = nullptr, *texts_ = nullptr, *images_ = nullptr;
  Linear text_in_{}, image_in_{}, qkv_{}, out_{}, fc1_{}, fc2_{}, text_out_{}, image_out_{};
  LayerNorm norm1_{}, norm2_{};
};

}  // namespace

std::unique_ptr<Tower> paired_tower(const Snapshot& snapshot, const ClassifierOptions& options,
                                    const std::string& name) {
  return std::make_unique<PairedTower>(snapshot, options, name);
}

}  // namespace winnow::model
