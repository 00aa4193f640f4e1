// What labels a sweep file asks for: its table `labels`, as far as they are made from the true ones.
// docs/methods/partial-labels.md#1.1, 1.2; docs/methods/noisy-labels.md#1.1, 1.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::label {

enum class Kind {
  clean,
  flip,
  uniform,
  instance_candidates,
  symmetric,
  asymmetric,
  pairflip,
  structured,
  instance,
  annotated
};
enum class Law { stream, numpy_legacy };
enum class SizeLaw { reference, exact };
// How many samples are marked: of all, or of every class by itself.
enum class Count { floor, ceil, class_floor, class_ceil };
// What a marked sample becomes: any class, the next one, or one by the classes' sizes.
enum class Target { uniform, next, class_size };
// Which class a class is taken for. cifar10_transition, blocks, block_pairs, superclass: every sample flips by itself.
enum class Map { cifar10, cifar10_transition, blocks, block_pairs, superclass };
enum class Levels { raw, scaled };  // of an image: 0 to 255, 0 to 1

Kind parse_kind(std::string_view);  // UsageError listing the legal words
Law parse_law(std::string_view);
SizeLaw parse_size_law(std::string_view);

// Does it make one given label a sample, some of them wrong?
constexpr bool makes_noise(Kind kind) {
  return kind == Kind::symmetric || kind == Kind::asymmetric || kind == Kind::pairflip || kind == Kind::structured ||
         kind == Kind::instance;
}

// Annotated labels are not made here: they are read (winnow/data/label_set.h).
struct Spec {
  Kind kind = Kind::clean;
  // flip: probability of each wrong class; instance-candidates: its mean; symmetric, pairflip, structured: share of
  // samples marked; asymmetric: the same, or the probability to flip; instance: mean of the samples' probabilities
  double rate = 0;
  std::uint64_t seed = 0;
  Law law = Law::stream;
  SizeLaw size_law = SizeLaw::reference;
  bool include_true = true;                // symmetric: a marked sample may keep its class
  bool balanced = false;                   // symmetric: floor(floor(rate N) / C) marks in every class
  Count count = Count::floor;              // symmetric, asymmetric
  Target target = Target::uniform;         // symmetric, structured
  Map map = Map::cifar10;                  // asymmetric
  std::int64_t block = 5;                  // asymmetric: classes of a block
  std::vector<std::int64_t> superclasses;  // asymmetric: of every class, where the map is superclass
  double sigma = 0.1;                      // instance: deviation of the samples' probabilities
  Levels pixels = Levels::raw;             // instance

  static Spec from(const Settings&);  // reads labels.*, only the keys of its kind
  bool makes_candidates() const {
    return kind == Kind::flip || kind == Kind::uniform || kind == Kind::instance_candidates;
  }
  bool makes_noise() const { return label::makes_noise(kind); }
  bool flips_each() const { return kind == Kind::asymmetric && map != Map::cifar10; }
};

// What makes the labels impossible although each setting is legal.
struct Fault {
  std::string key, text;  // the setting; one line
};
std::optional<Fault> fault_of(const Spec&, std::int64_t classes);
void require_possible(const Spec&, std::int64_t classes);  // UsageError with the fault's text

}  // namespace winnow::label
