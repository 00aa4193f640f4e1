#include "winnow/label/symmetric.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"

namespace winnow::label {

SymmetricDraws draw_symmetric(std::int64_t samples, std::int64_t classes, const Spec& spec) {
  SymmetricDraws draws;
  draws.order = Streams(spec.seed, "labels.symmetric.order").at(0, 0).permutation(samples);
  Streams streams(spec.seed, "labels.symmetric.class");
  auto& values = spec.include_true ? draws.classes : draws.shift;
  for (std::int64_t i = 0; i < samples; ++i) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(i));
    if (spec.target == Target::class_size) {
      draws.uniform.push_back(stream.uniform());
      continue;
    }
    auto n = static_cast<std::uint64_t>(spec.include_true ? classes : classes - 1);
    values.push_back(static_cast<std::int64_t>(stream.below(std::max<std::uint64_t>(n, 1))) +
                     (spec.include_true ? 0 : 1));
  }
  return draws;
}

std::vector<double> class_size_transition(std::span<const std::int64_t> truth, std::int64_t classes,
                                          bool include_true) {
  auto C = static_cast<std::size_t>(classes);
  std::vector<double> sizes(C, 0), result(C * C, 0);
  for (std::int64_t y : truth) ++sizes[static_cast<std::size_t>(y)];
  auto all = static_cast<double>(truth.size());
  for (std::size_t y = 0; y < C; ++y) {
    double others = include_true ? all : all - sizes[y];
    for (std::size_t c = 0; c < C; ++c)
      if ((include_true || c != y) && others > 0) result[y * C + c] = sizes[c] / others;
  }
  return result;
}

Labels symmetric(std::span<const std::int64_t> truth, std::int64_t classes, const Spec& spec,
                 const SymmetricDraws& draws, Marks* marked) {
  require_possible(spec, classes);
  auto C = static_cast<std::size_t>(classes);
  std::vector<double> transition;
  if (spec.target == Target::class_size) transition = class_size_transition(truth, classes, spec.include_true);
  auto by_size = [&](std::size_t i) {
    std::span<const double> row(transition.data() + static_cast<std::size_t>(truth[i]) * C, C);
    if (std::all_of(row.begin(), row.end(), [](double share) { return share == 0; }))
      throw UsageError(
          fmt::format("labels.target = class-size: all {} training samples are of class {}, and "
                      "labels.include_true = false leaves no other",
                      truth.size(), truth[i]));
    return class_at(row, draws.uniform[i]);
  };
  Marks marks = mark(truth, classes, draws.order, spec);
  Labels given(truth.begin(), truth.end());
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!marks[i]) continue;
    if (!transition.empty()) given[i] = by_size(i);
    else given[i] = spec.include_true ? draws.classes[i] : (truth[i] + draws.shift[i]) % classes;
  }
  if (marked) *marked = std::move(marks);
  return given;
}

}  // namespace winnow::label
