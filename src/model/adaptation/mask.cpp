// Mask tuning: a random, fixed subset of the blocks' weights is trained. docs/methods/partial-labels.md#3.3,
// docs/methods/noisy-labels.md#7.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "registry.h"

namespace winnow::model {

namespace {

// Of a linear layer: which entries of weight and bias are trained (numbers in row-major order), and their values. By
// numbers and not by a mask, whose gradient would make the host wait for the device.
struct Masked {
  Parameter *weight_chosen, *bias_chosen, *weight_values, *bias_values;
};

at::Tensor with_values(const at::Tensor& own, const Parameter& chosen, const Parameter& values) {
  return own.flatten().index_copy(0, chosen.value, values.use.to(own.scalar_type())).view(own.sizes());
}

class Mask final : public Adaptation {
 public:
  using OfBlock = std::array<Masked, 4>;  // by Layer
  Mask(std::size_t first, std::vector<OfBlock> all) : first_(first), all_(std::move(all)) {}

  std::pair<at::Tensor, at::Tensor> effective(std::size_t i, Layer layer, const Linear& own) const override {
    if (i < first_ || i - first_ >= all_.size()) return Adaptation::effective(i, layer, own);
    const Masked& masked = all_[i - first_][static_cast<std::size_t>(layer)];
    return {with_values(own.weight->use, *masked.weight_chosen, *masked.weight_values),
            own.bias ? with_values(own.bias->use, *masked.bias_chosen, *masked.bias_values) : at::Tensor()};
  }
  bool replaces_weights() const override { return true; }
  bool merges() const override { return true; }
  void merge(std::size_t i, const Block& block) const override {
    if (i < first_ || i - first_ >= all_.size()) return;
    const Linear* layers[] = {&block.qkv, &block.out, &block.fc1, &block.fc2};  // by Layer
    for (std::size_t layer = 0; layer < std::size(layers); ++layer) {
      const Masked& masked = all_[i - first_][layer];
      auto put = [](const Parameter& own, const Parameter& chosen, const Parameter& values) {
        own.value.flatten().index_copy_(0, chosen.value, values.value.to(own.value.scalar_type()));
      };
      put(*layers[layer]->weight, *masked.weight_chosen, *masked.weight_values);
      if (layers[layer]->bias) put(*layers[layer]->bias, *masked.bias_chosen, *masked.bias_values);
    }
  }

 private:
  std::size_t first_;
  std::vector<OfBlock> all_;
};

// floor(ratio out (in + 1)) entries of [W | b], drawn without replacement.
Masked mask_layer(const Adapting& adapting, const std::string& name, const Linear& own, double ratio, Stream stream) {
  std::int64_t out = own.weight->value.size(0), in = own.weight->value.size(1), all = out * (in + (own.bias ? 1 : 0));
  auto count = static_cast<std::int64_t>(std::floor(ratio * static_cast<double>(all)));
  at::Tensor mask = at::zeros({out, all / out}, at::kByte);
  std::uint8_t* entries = mask.mutable_data_ptr<std::uint8_t>();
  std::vector<std::int64_t> order = stream.permutation(all);
  for (std::int64_t i = 0; i < count; ++i) entries[order[static_cast<std::size_t>(i)]] = 1;
  auto add = [&](const char* part, const at::Tensor& of_part, const Parameter* source) {
    at::Tensor chosen = of_part.flatten().nonzero().squeeze(1);
    Parameter* kept = adapting.weights().add(fmt::format("{}.chosen_{}", name, part), chosen, false, Role::statistics);
    at::Tensor values = at::zeros({chosen.size(0)});
    if (source && !source->value.is_meta()) values = source->value.flatten().index_select(0, chosen);
    return std::pair(kept, adapting.add(fmt::format("{}.optimized_{}", name, part), values));
  };
  auto [weight_chosen, weight_values] = add("weight", mask.narrow(1, 0, in).contiguous(), own.weight);
  auto [bias_chosen, bias_values] =
      add("bias", own.bias ? mask.select(1, in).contiguous() : at::zeros({0}, at::kByte), own.bias);
  return {weight_chosen, bias_chosen, weight_values, bias_values};
}

}  // namespace

void mask(const Adapting& adapting) {
  Transformer& transformer = adapting.transformer();
  double ratio = adapting.options.mask_ratio;
  // max(0.001, C / (144 d) rounded down to 0.001), as the reference's default.
  if (ratio <= 0)
    ratio = std::max(0.001, std::floor(1000 * static_cast<double>(adapting.options.classes) /
                                       (144.0 * static_cast<double>(adapting.width()))) /
                                1000);
  const char* names[] = {"attn_in", "attn_out", "mlp_in", "mlp_out"};
  std::vector<Mask::OfBlock> all;
  for (std::int64_t i = adapting.first; i < adapting.last; ++i) {
    const Block& block = transformer.blocks()[static_cast<std::size_t>(i)];
    const Linear layers[] = {block.qkv, block.out, block.fc1, block.fc2};
    Mask::OfBlock own;
    for (std::size_t layer = 0; layer < own.size(); ++layer)
      own[layer] = mask_layer(adapting, fmt::format("masked_linear_list.{}.{}", i, names[layer]), layers[layer], ratio,
                              adapting.stream("mask", i, layer));
    all.push_back(own);
  }
  transformer.adapt(std::make_unique<Mask>(adapting.first, std::move(all)));
}

}  // namespace winnow::model
