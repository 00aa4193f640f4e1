// Visual prompts: trained tokens behind the tower's own. Jia et al. 2022; docs/methods/partial-labels.md#3.3,
// docs/methods/noisy-labels.md#7.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "registry.h"
#include "winnow/core/error.h"

namespace winnow::model {

namespace {

constexpr std::int64_t kDefaultLength = 10;

// A block with prompts of its own gets them instead of those before; one without keeps what is there. No position, no
// dropout: attention does not see the order of tokens, so this equals prompts behind the class token.
class Prompts final : public Adaptation {
 public:
  Prompts(std::size_t first, std::vector<Parameter*> prompts) : first_(first), prompts_(std::move(prompts)) {}

  at::Tensor before_block(std::size_t i, at::Tensor x, std::int64_t own) const override {
    if (i < first_ || i - first_ >= prompts_.size()) return x;
    const at::Tensor& prompt = prompts_[i - first_]->use;  // m x d
    return at::cat({x.narrow(1, 0, own), prompt.unsqueeze(0).expand({x.size(0), prompt.size(0), prompt.size(1)})}, 1);
  }

 private:
  std::size_t first_;
  std::vector<Parameter*> prompts_;
};

void add_prompts(const Adapting& adapting, std::int64_t last) {
  Transformer& transformer = adapting.transformer();
  std::int64_t d = adapting.width(), length = adapting.options.size > 0 ? adapting.options.size : kDefaultLength;
  double bound = std::sqrt(6.0 / static_cast<double>(3 * adapting.tower.patch_area() + d));
  std::vector<Parameter*> prompts;
  for (std::int64_t i = adapting.first; i < last; ++i)
    prompts.push_back(
        adapting.add(fmt::format("vpt_list.{}.prompt", i), uniform({length, d}, bound, adapting.stream("vpt", i))));
  transformer.adapt(std::make_unique<Prompts>(adapting.first, std::move(prompts)));
}

}  // namespace

void vpt_shallow(const Adapting& adapting) { add_prompts(adapting, adapting.first + 1); }

// Mirza et al. 2023 (LaFTer) tune all LayerNorms of the tower, those before and after its blocks included, beside the
// prompts. docs/methods/unsupervised.md#6.3.
void vpt_shallow_ln(const Adapting& adapting) {
  vpt_shallow(adapting);
  for (Parameter& parameter : adapting.weights().all())
    if (parameter.role == Role::norm || parameter.role == Role::norm_bias) parameter.trainable = true;
}

void keep_prompts(ImageTower& tower, const std::map<std::int64_t, at::Tensor>& by_block) {
  const AdaptationOptions none;
  Adapting adapting{tower, none};
  Transformer& transformer = adapting.transformer();
  std::int64_t first = by_block.begin()->first, last = by_block.rbegin()->first + 1;
  if (first < 0 || last > transformer.config().blocks || last - first != static_cast<std::int64_t>(by_block.size()))
    throw DataError(fmt::format("visual prompts of {} blocks, from {} to {}: {} has blocks 0 to {}", by_block.size(),
                                first, last - 1, tower.source(), transformer.config().blocks - 1));
  std::vector<Parameter*> prompts;
  for (const auto& [block, tokens] : by_block) {
    if (tokens.dim() != 2 || tokens.size(1) != adapting.width())
      throw DataError(fmt::format("visual prompts of block {}: tokens of {} numbers, those of {} have {}", block,
                                  tokens.size(-1), tower.source(), adapting.width()));
    prompts.push_back(adapting.add(fmt::format("vpt_list.{}.prompt", block), tokens));
  }
  transformer.adapt(std::make_unique<Prompts>(static_cast<std::size_t>(first), std::move(prompts)));
}

void vpt_deep(const Adapting& adapting) { add_prompts(adapting, adapting.last); }

}  // namespace winnow::model
