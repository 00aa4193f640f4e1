// Adapter: a trained bottleneck after each block's MLP. Houlsby et al. 2019; docs/methods/partial-labels.md#3.3,
// docs/methods/noisy-labels.md#7 (B8).
#include <ATen/ATen.h>

#include "registry.h"

namespace winnow::model {

namespace {

// y + Up(ReLU(Down(LN(y)))); DeFT's code drops y itself, so that the block begins without its MLP.
class Adapter final : public Adaptation {
 public:
  Adapter(std::size_t first, std::vector<Bottleneck> all, bool residual)
      : first_(first), all_(std::move(all)), residual_(residual) {}

  at::Tensor after_mlp(std::size_t i, const at::Tensor&, at::Tensor y) const override {
    if (i < first_ || i - first_ >= all_.size()) return y;
    at::Tensor change = all_[i - first_](y);
    return residual_ ? y + change : change;
  }

 private:
  std::size_t first_;
  std::vector<Bottleneck> all_;
  bool residual_;
};

}  // namespace

void adapter(const Adapting& adapting) {
  Transformer& transformer = adapting.transformer();
  std::vector<Bottleneck> all;
  for (std::int64_t i = adapting.first; i < adapting.last; ++i) all.push_back(add_bottleneck(adapting, "adapter", i));
  transformer.adapt(std::make_unique<Adapter>(adapting.first, std::move(all), !adapting.options.deft));
}

}  // namespace winnow::model
