#include "winnow/label/asymmetric.h"

#include <numeric>
#include <utility>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"

namespace winnow::label {

AsymmetricDraws draw_asymmetric(std::int64_t samples, std::int64_t classes, const Spec& spec) {
  AsymmetricDraws draws;
  if (!spec.flips_each()) {
    draws.order = Streams(spec.seed, "labels.asymmetric.order").at(0, 0).permutation(samples);
    return draws;
  }
  Streams flips(spec.seed, "labels.asymmetric.flip"), pairs(spec.seed, "labels.asymmetric.pair");
  for (std::int64_t i = 0; i < samples; ++i)
    draws.flip.push_back(flips.at(0, static_cast<std::uint32_t>(i)).uniform() < spec.rate);
  if (spec.map == Map::block_pairs)
    for (std::int64_t first = 0; first < classes; first += spec.block) {
      std::vector<std::int64_t> order =
          pairs.at(0, static_cast<std::uint32_t>(first / spec.block)).permutation(spec.block);
      draws.pairs.emplace_back(first + order[0], first + order[1]);
    }
  return draws;
}

ClassMap class_map(const Spec& spec, std::int64_t classes, const AsymmetricDraws& draws) {
  require_possible(spec, classes);
  ClassMap map(static_cast<std::size_t>(classes));
  std::iota(map.begin(), map.end(), 0);
  auto set = [&](std::int64_t from, std::int64_t to) { map[static_cast<std::size_t>(from)] = to; };
  switch (spec.map) {
    case Map::cifar10:
    case Map::cifar10_transition: set(9, 1), set(2, 0), set(3, 5), set(5, 3), set(4, 7); return map;
    case Map::blocks:
      for (std::int64_t c = 0; c < classes; ++c) set(c, c / spec.block * spec.block + (c + 1) % spec.block);
      return map;
    case Map::block_pairs:
      for (auto [one, other] : draws.pairs) set(one, other), set(other, one);
      return map;
    case Map::superclass:
      for (std::int64_t c = 0; c < classes; ++c) {
        std::int64_t next = c;
        do next = next_class(next, classes);
        while (spec.superclasses[static_cast<std::size_t>(next)] != spec.superclasses[static_cast<std::size_t>(c)]);
        set(c, next);
      }
      return map;
  }
  throw InternalError("a map of classes outside its closed list");
}

std::vector<double> transition(const ClassMap& map, double rate) {
  std::vector<double> result(map.size() * map.size(), 0);
  for (std::size_t c = 0; c < map.size(); ++c) {
    auto to = static_cast<std::size_t>(map[c]);
    result[c * map.size() + c] = 1 - rate;
    if (to == c) result[c * map.size() + c] = 1;
    else result[c * map.size() + to] = rate;
  }
  return result;
}

Labels asymmetric(std::span<const std::int64_t> truth, std::int64_t classes, const Spec& spec,
                  const AsymmetricDraws& draws, Marks* marked) {
  ClassMap map = class_map(spec, classes, draws);
  Marks marks = spec.flips_each() ? draws.flip : mark(truth, classes, draws.order, spec);
  bool by_class = spec.count == Count::class_floor || spec.count == Count::class_ceil;
  Labels given(truth.begin(), truth.end());
  for (std::size_t i = 0; i < given.size(); ++i) {
    std::int64_t to = map[static_cast<std::size_t>(truth[i])];
    if (by_class && to == truth[i]) marks[i] = 0;
    if (marks[i]) given[i] = to;
  }
  if (marked) *marked = std::move(marks);
  return given;
}

}  // namespace winnow::label
