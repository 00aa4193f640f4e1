// SSF: trained scale and shift after a block's layers. Lian et al. 2022; docs/methods/partial-labels.md#3.3,
// docs/methods/noisy-labels.md#7.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>

#include "registry.h"
#include "winnow/core/error.h"

namespace winnow::model {

namespace {

enum Place { attn_in, attn_out, mlp_in, mlp_out, ln_1, ln_2, kPlaces };
constexpr const char* kNames[] = {"attn_in", "attn_out", "mlp_in", "mlp_out", "ln_1", "ln_2"};

struct ScaleShift {
  Parameter *scale = nullptr, *shift = nullptr;
};

class Ssf final : public Adaptation {
 public:
  using OfBlock = std::array<ScaleShift, kPlaces>;
  Ssf(std::size_t first, std::vector<OfBlock> all) : first_(first), all_(std::move(all)) {}

  at::Tensor after_norm1(std::size_t i, at::Tensor x) const override { return at(i, ln_1, std::move(x)); }
  at::Tensor after_qkv(std::size_t i, const at::Tensor&, at::Tensor qkv) const override {
    return at(i, attn_in, std::move(qkv));
  }
  at::Tensor after_attention(std::size_t i, at::Tensor y) const override { return at(i, attn_out, std::move(y)); }
  at::Tensor after_norm2(std::size_t i, at::Tensor x) const override { return at(i, ln_2, std::move(x)); }
  at::Tensor after_fc1(std::size_t i, at::Tensor hidden) const override { return at(i, mlp_in, std::move(hidden)); }
  at::Tensor after_mlp(std::size_t i, const at::Tensor&, at::Tensor y) const override {
    return at(i, mlp_out, std::move(y));
  }

  // Each place follows a layer that is affine: s (W x + b) + t = (s W) x + (s b + t).
  bool merges() const override { return true; }
  void merge(std::size_t i, const Block& block) const override {
    if (i < first_ || i - first_ >= all_.size()) return;
    const std::pair<Parameter*, Parameter*> layers[] = {
        {block.qkv.weight, block.qkv.bias},     {block.out.weight, block.out.bias},
        {block.fc1.weight, block.fc1.bias},     {block.fc2.weight, block.fc2.bias},
        {block.norm1.weight, block.norm1.bias}, {block.norm2.weight, block.norm2.bias}};
    for (std::size_t place = 0; place < kPlaces; ++place) {
      const ScaleShift& own = all_[i - first_][place];
      if (!own.scale) continue;
      auto [weight, bias] = layers[place];
      if (!bias) throw UsageError("ssf: its shift cannot be merged: the model's queries, keys and values have no bias");
      at::Tensor scale = own.scale->value.to(at::kDouble), shift = own.shift->value.to(at::kDouble);
      bias->value.copy_(bias->value.to(at::kDouble) * scale + shift);
      weight->value.copy_(weight->value.to(at::kDouble) * (weight->value.dim() == 2 ? scale.unsqueeze(1) : scale));
    }
  }

 private:
  at::Tensor at(std::size_t i, Place place, at::Tensor x) const {
    if (i < first_ || i - first_ >= all_.size()) return x;
    const ScaleShift& own = all_[i - first_][place];
    return own.scale ? own.scale->use * x + own.shift->use : x;
  }

  std::size_t first_;
  std::vector<OfBlock> all_;
};

ScaleShift add_pair(const Adapting& adapting, const std::string& name, std::int64_t width, std::int64_t block,
                    std::uint64_t index) {
  return {adapting.add(name + ".scale", normal({width}, 1, 0.02, adapting.stream("ssf.scale", block, index))),
          adapting.add(name + ".shift", normal({width}, 0, 0.02, adapting.stream("ssf.shift", block, index)))};
}

void add_places(const Adapting& adapting, const std::string& list, const std::vector<Place>& places) {
  Transformer& transformer = adapting.transformer();
  const TransformerConfig& c = transformer.config();
  const std::int64_t widths[] = {3 * c.width, c.width, c.hidden, c.width, c.width, c.width};
  std::vector<Ssf::OfBlock> all;
  for (std::int64_t i = adapting.first; i < adapting.last; ++i) {
    Ssf::OfBlock block;
    for (Place place : places)
      block[place] = add_pair(adapting, fmt::format("{}.{}.{}", list, i, kNames[place]), widths[place], i,
                              static_cast<std::uint64_t>(place));
    all.push_back(block);
  }
  transformer.adapt(std::make_unique<Ssf>(adapting.first, std::move(all)));
}

}  // namespace

// DeFT's code has one switch for attention and MLP; PartialCLIP's has one for each place.
void ssf(const Adapting& adapting) {
  if (!adapting.options.deft)
    throw UsageError("adapt = \"ssf\" is DeFT's; PartialCLIP's are ssf-attn, ssf-mlp, ssf-ln");
  add_places(adapting, "ssf_list", {attn_in, attn_out, mlp_in, mlp_out});
}

void ssf_attn(const Adapting& adapting) {
  if (adapting.tower.transformer()) return add_places(adapting, "ssf_attn_list", {attn_in, attn_out});
  ScaleShift pair = add_pair(adapting, "ssf_attn", adapting.tower.tower_width(), 0, 0);
  adapting.tower.scale_features(pair.scale, pair.shift);
}

void ssf_mlp(const Adapting& adapting) { add_places(adapting, "ssf_mlp_list", {mlp_in, mlp_out}); }
void ssf_ln(const Adapting& adapting) { add_places(adapting, "ssf_ln_list", {ln_1, ln_2}); }

}  // namespace winnow::model
