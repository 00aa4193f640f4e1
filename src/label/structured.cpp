#include "winnow/label/structured.h"

#include "winnow/core/stream.h"

namespace winnow::label {

StructuredDraws draw_structured(std::int64_t samples, std::int64_t classes, const Spec& spec) {
  StructuredDraws draws;
  draws.order = Streams(spec.seed, "labels.structured.order").at(0, 0).permutation(samples);
  draws.noisy_classes = Streams(spec.seed, "labels.structured.noisy-classes").at(0, 0).permutation(classes);
  draws.noisy_classes.resize(static_cast<std::size_t>(classes / 2));
  if (spec.target != Target::uniform) return draws;
  Streams streams(spec.seed, "labels.structured.class");
  for (std::int64_t i = 0; i < samples; ++i)
    draws.classes.push_back(static_cast<std::int64_t>(
        streams.at(0, static_cast<std::uint32_t>(i)).below(static_cast<std::uint64_t>(classes))));
  return draws;
}

Labels structured(std::span<const std::int64_t> truth, std::int64_t classes, const Spec& spec,
                  const StructuredDraws& draws, Marks* marked) {
  require_possible(spec, classes);
  std::vector<std::uint8_t> noisy(static_cast<std::size_t>(classes), 0);
  for (std::int64_t c : draws.noisy_classes) noisy[static_cast<std::size_t>(c)] = 1;
  Marks marks = mark(truth, classes, draws.order, spec);
  Labels given(truth.begin(), truth.end());
  for (std::size_t i = 0; i < given.size(); ++i)
    if (marks[i] && noisy[static_cast<std::size_t>(truth[i])])
      given[i] = spec.target == Target::next ? next_class(truth[i], classes) : draws.classes[i];
  if (marked) *marked = std::move(marks);
  return given;
}

}  // namespace winnow::label
