// AdaptFormer: a trained bottleneck beside each block's MLP. Chen et al. 2022; docs/methods/partial-labels.md#3.3.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "registry.h"

namespace winnow::model {

namespace {

// out = MLP(LN2(x)) + scale Up(ReLU(Down(LN(x)))) + x; the scale is trained and starts at 1.
class AdaptFormer final : public Adaptation {
 public:
  struct Beside {
    Bottleneck bottleneck;
    Parameter* scale;
  };
  AdaptFormer(std::size_t first, std::vector<Beside> all) : first_(first), all_(std::move(all)) {}

  at::Tensor after_mlp(std::size_t i, const at::Tensor& x, at::Tensor y) const override {
    if (i < first_ || i - first_ >= all_.size()) return y;
    const Beside& own = all_[i - first_];
    return y + own.scale->use * own.bottleneck(x);
  }

 private:
  std::size_t first_;
  std::vector<Beside> all_;
};

}  // namespace

void adaptformer(const Adapting& adapting) {
  Transformer& transformer = adapting.transformer();
  std::vector<AdaptFormer::Beside> all;
  for (std::int64_t i = adapting.first; i < adapting.last; ++i) {
    Bottleneck bottleneck = add_bottleneck(adapting, "adaptformer", i);
    all.push_back({bottleneck, adapting.add(fmt::format("adaptformer_list.{}.scale", i), at::ones({1}))});
  }
  transformer.adapt(std::make_unique<AdaptFormer>(adapting.first, std::move(all)));
}

}  // namespace winnow::model
