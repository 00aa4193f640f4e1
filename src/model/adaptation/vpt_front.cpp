// Visual prompts of PromptSRC and PromptKD: of the first blocks alone, those of the first one in front of the LayerNorm
// before it. Khattak et al., "Self-regulating prompts", 2023; Li et al., "PromptKD", 2024;
// docs/methods/unsupervised.md#6.8.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "registry.h"

namespace winnow::model {

namespace {

constexpr std::int64_t kDefaultLength = 4;
constexpr double kDeviation = 0.02;

// Tokens do not see each other in a LayerNorm, so that the first block's prompts may pass it alone.
class FrontPrompts final : public Adaptation {
 public:
  FrontPrompts(std::vector<Parameter*> prompts, const LayerNorm* norm) : prompts_(std::move(prompts)), norm_(norm) {}

  at::Tensor before_block(std::size_t i, at::Tensor x, std::int64_t own) const override {
    if (i >= prompts_.size()) return x;
    at::Tensor prompt = prompts_[i]->use;  // m x d
    if (i == 0 && norm_) prompt = (*norm_)(prompt);
    return at::cat({x.narrow(1, 0, own), prompt.unsqueeze(0).expand({x.size(0), prompt.size(0), prompt.size(1)})}, 1);
  }

 private:
  std::vector<Parameter*> prompts_;
  const LayerNorm* norm_;
};

}  // namespace

void vpt_front(const Adapting& adapting) {
  Transformer& transformer = adapting.transformer();
  const AdaptationOptions& options = adapting.options;
  std::int64_t d = adapting.width(), length = options.size > 0 ? options.size : kDefaultLength;
  std::int64_t blocks = transformer.config().blocks,
               depth = options.depth > 0 ? std::min(options.depth, blocks) : blocks;
  std::vector<Parameter*> prompts;
  for (std::int64_t i = 0; i < depth; ++i)
    prompts.push_back(adapting.add(fmt::format("vpt_list.{}.prompt", i),
                                   normal({length, d}, 0, kDeviation, adapting.stream("vpt", i))));
  transformer.adapt(std::make_unique<FrontPrompts>(std::move(prompts), adapting.tower.norm_before()));
}

}  // namespace winnow::model
