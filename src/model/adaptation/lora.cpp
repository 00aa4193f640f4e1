// LoRA on query and value: q + (1/r) x A B. Hu et al. 2022; docs/methods/partial-labels.md#3.3,
// docs/methods/noisy-labels.md#7 (B16).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "registry.h"

namespace winnow::model {

namespace {

class Lora final : public Adaptation {
 public:
  struct Pair {
    Parameter *a, *b;  // d x r, r x d
    at::Tensor operator()(const at::Tensor& x) const {
      return at::matmul(at::matmul(x, a->use), b->use) * (1.0 / static_cast<double>(a->value.size(1)));
    }
  };
  struct OfBlock {
    Pair q, v;
  };
  Lora(std::size_t first, std::vector<OfBlock> all) : first_(first), all_(std::move(all)) {}

  at::Tensor after_qkv(std::size_t i, const at::Tensor& x, at::Tensor qkv) const override {
    if (i < first_ || i - first_ >= all_.size()) return qkv;
    const OfBlock& own = all_[i - first_];
    std::vector<at::Tensor> parts = qkv.chunk(3, -1);
    return at::cat({parts[0] + own.q(x), parts[1], parts[2] + own.v(x)}, -1);
  }

  // x W' + (1/r) x A B = x (W + (1/r) (A B)')'
  bool merges() const override { return true; }
  void merge(std::size_t i, const Block& block) const override {
    if (i < first_ || i - first_ >= all_.size()) return;
    std::vector<at::Tensor> rows = block.qkv.weight->value.chunk(3);
    auto add = [](at::Tensor& own, const Pair& pair) {
      at::Tensor product = at::matmul(pair.a->value.to(at::kDouble), pair.b->value.to(at::kDouble)).t();
      own.copy_(own.to(at::kDouble) + product / static_cast<double>(pair.a->value.size(1)));
    };
    add(rows[0], all_[i - first_].q);
    add(rows[2], all_[i - first_].v);
  }

 private:
  std::size_t first_;
  std::vector<OfBlock> all_;
};

}  // namespace

void lora(const Adapting& adapting) {
  Transformer& transformer = adapting.transformer();
  std::int64_t d = adapting.width(), r = adapting.bottleneck();
  // The reference stores A as d x r and applies a rule meant for out x in, so that its fan-in is r.
  double bound = 1 / std::sqrt(static_cast<double>(adapting.options.standard_lora ? d : r));
  std::vector<Lora::OfBlock> all;
  for (std::int64_t i = adapting.first; i < adapting.last; ++i) {
    auto pair = [&](const char* part, std::uint64_t index) {
      std::string name = fmt::format("lora_list.{}.{}.lora_", i, part);
      return Lora::Pair{adapting.add(name + "A", uniform({d, r}, bound, adapting.stream("lora", i, index))),
                        adapting.add(name + "B", at::zeros({r, d}))};
    };
    Lora::Pair q = pair("q", 0), v = pair("v", 1);
    all.push_back({q, v});
  }
  transformer.adapt(std::make_unique<Lora>(adapting.first, std::move(all)));
}

}  // namespace winnow::model
