// Adaptations that train the tower's own weights, by kind: nothing (linear probing), whole blocks, biases (BitFit,
// Zaken et al. 2022), LayerNorms, BatchNorms. docs/methods/partial-labels.md#3.3, docs/methods/noisy-labels.md#7.
#include <fmt/format.h>

#include <functional>

#include "registry.h"
#include "winnow/core/error.h"

namespace winnow::model {

namespace {

void train_where(const Adapting& adapting, const std::function<bool(const Parameter&)>& wanted) {
  for (Parameter& parameter : adapting.weights().all())
    if (parameter.role != Role::statistics && wanted(parameter)) parameter.trainable = true;
}

bool in_blocks(const Adapting& adapting, const Parameter& parameter) {
  return parameter.block >= 0 && adapting.covers(static_cast<std::size_t>(parameter.block));
}

bool is_bias(const Parameter& parameter) { return parameter.role == Role::bias || parameter.role == Role::norm_bias; }

}  // namespace

void linear_probe(const Adapting&) {}

// Blocks alone, so that patch embedding, positions and the last LayerNorm stay, or everything
// (docs/methods/noisy-labels.md#B9). A convolutional tower has no blocks and is trained whole, with its BatchNorms in
// training mode where that is asked for.
void full_tuning(const Adapting& adapting) {
  bool blocks = adapting.tower.transformer() != nullptr && !adapting.options.everything;
  train_where(adapting, [&](const Parameter& parameter) { return !blocks || in_blocks(adapting, parameter); });
  if (adapting.options.batch_statistics) adapting.tower.use_batch_statistics();
}

// DeFT's code takes the biases outside the blocks, too.
void bias_tuning(const Adapting& adapting) {
  bool everywhere = adapting.options.deft || !adapting.tower.transformer();
  train_where(adapting, [&](const Parameter& parameter) {
    return is_bias(parameter) && (everywhere || in_blocks(adapting, parameter));
  });
}

void ln_tuning(const Adapting& adapting) {
  adapting.transformer();
  train_where(adapting, [&](const Parameter& parameter) {
    return (parameter.role == Role::norm || parameter.role == Role::norm_bias) && in_blocks(adapting, parameter);
  });
}

void bn_tuning(const Adapting& adapting) {
  bool has_statistics = false;
  for (const Parameter& parameter : adapting.weights().all()) has_statistics |= parameter.role == Role::statistics;
  if (!has_statistics)
    throw UsageError(fmt::format("adapt = \"bn-tuning\": {} has no BatchNorm", adapting.tower.source()));
  train_where(adapting, [](const Parameter& parameter) {
    return parameter.role == Role::norm || parameter.role == Role::norm_bias;
  });
}

}  // namespace winnow::model
