#include "registry.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "winnow/core/error.h"

namespace winnow::model {

// The registry: one line an adaptation, in the order in which several of them are applied to one value. PartialCLIP
// adds LoRA before it scales and shifts, DeFT after (docs/methods/noisy-labels.md#7). src/model/adaptation/<file>.cpp
// defines the functions.
#define WINNOW_ADAPTATIONS(LINE)               \
  LINE("linear-probe", linear_probe, 0, 0)     \
  LINE("full-tuning", full_tuning, 0, 0)       \
  LINE("bias-tuning", bias_tuning, 0, 0)       \
  LINE("ln-tuning", ln_tuning, 0, 0)           \
  LINE("bn-tuning", bn_tuning, 0, 0)           \
  LINE("mask", mask, 1, 1)                     \
  LINE("vpt-shallow", vpt_shallow, 2, 2)       \
  LINE("vpt-deep", vpt_deep, 2, 2)             \
  LINE("vpt-shallow-ln", vpt_shallow_ln, 2, 2) \
  LINE("vpt-front", vpt_front, 2, 2)           \
  LINE("lora", lora, 3, 5)                     \
  LINE("ssf", ssf, 4, 4)                       \
  LINE("ssf-attn", ssf_attn, 4, 4)             \
  LINE("ssf-mlp", ssf_mlp, 4, 4)               \
  LINE("ssf-ln", ssf_ln, 4, 4)                 \
  LINE("adapter", adapter, 6, 6)               \
  LINE("adaptformer", adaptformer, 7, 7)

#define WINNOW_DECLARE(name, function, place, deft_place) void function(const Adapting&);
WINNOW_ADAPTATIONS(WINNOW_DECLARE)
#undef WINNOW_DECLARE

namespace {

struct Entry {
  const char* name;
  void (*add)(const Adapting&);
  int place, deft_place;
};

#define WINNOW_LIST(name, function, place, deft_place) {name, &function, place, deft_place},
constexpr Entry kEntries[] = {WINNOW_ADAPTATIONS(WINNOW_LIST)};
#undef WINNOW_LIST

}  // namespace

std::vector<std::string> known_adaptations(bool deft) {
  std::vector<Entry> entries(std::begin(kEntries), std::end(kEntries));
  std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    return deft ? a.deft_place < b.deft_place : a.place < b.place;
  });
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.emplace_back(entry.name);
  return names;
}

void adapt(ImageTower& tower, const std::string& name, const AdaptationOptions& options) {
  auto entry = std::find_if(std::begin(kEntries), std::end(kEntries), [&](const Entry& e) { return name == e.name; });
  if (entry == std::end(kEntries)) {
    std::vector<std::string> known = known_adaptations(options.deft);
    throw UsageError(
        fmt::format("adapt: unknown '{}'{}; known: {}", name, did_you_mean(name, known), fmt::join(known, ", ")));
  }
  Adapting adapting{tower, options};
  std::int64_t blocks = tower.transformer() ? tower.transformer()->config().blocks : 0;
  adapting.last = blocks;
  if (options.blocks) {
    std::tie(adapting.first, adapting.last) = *options.blocks;
    if (adapting.first < 0 || adapting.first >= adapting.last || adapting.last > blocks)
      throw UsageError(fmt::format("adapt: blocks {} to {}: {} has blocks 0 to {}", adapting.first, adapting.last - 1,
                                   tower.source(), blocks - 1));
  }
  entry->add(adapting);
}

Transformer& Adapting::transformer() const {
  if (Transformer* transformer = tower.transformer()) return *transformer;
  throw UsageError(fmt::format(
      "{}: the image tower is convolutional and has no transformer blocks to adapt; adaptations without them: "
      "bias-tuning, bn-tuning, full-tuning, linear-probe",
      tower.source()));
}

Parameter* Adapting::add(const std::string& name, const at::Tensor& value, Role role) const {
  at::ScalarType type = weights().all().front().value.scalar_type();
  return weights().add(name, value.to(type), true, role);
}

Stream Adapting::stream(std::string_view purpose, std::int64_t block, std::uint64_t index) const {
  return Streams(options.seed, fmt::format("init.{}", purpose), index).at(0, static_cast<std::uint32_t>(block));
}

std::int64_t Adapting::bottleneck() const {
  if (options.size > 0) return options.size;
  double power = std::floor(
      std::log2(static_cast<double>(options.classes) / (2.0 * static_cast<double>(transformer().config().blocks))));
  return std::int64_t{1} << static_cast<int>(std::max(0.0, power));
}

at::Tensor Bottleneck::operator()(const at::Tensor& x) const { return up(at::relu(down(norm(x)))); }

Bottleneck add_bottleneck(const Adapting& adapting, const std::string& name, std::int64_t block) {
  std::int64_t d = adapting.width(), r = adapting.bottleneck();
  auto add = [&](const char* part, const at::Tensor& value, Role role = Role::other) {
    return adapting.add(fmt::format("{}_list.{}.{}", name, block, part), value, role);
  };
  // Kaiming-normal with a = sqrt(5): deviation sqrt(2 / (1 + 5)) / sqrt(fan in).
  double deviation = std::sqrt(1.0 / (3.0 * static_cast<double>(d)));
  Bottleneck own;
  own.norm = {add("ln.weight", at::ones({d}), Role::norm), add("ln.bias", at::zeros({d}), Role::norm_bias), 1e-5};
  own.down = {add("down_proj.weight", normal({r, d}, 0, deviation, adapting.stream(name, block))),
              add("down_proj.bias", at::zeros({r}))};
  own.up = {add("up_proj.weight", at::zeros({d, r})), add("up_proj.bias", at::zeros({d}))};
  return own;
}

}  // namespace winnow::model
