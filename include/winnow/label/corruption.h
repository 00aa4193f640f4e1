// Label corruption as pure functions of (true labels, spec, seed). docs/methods/partial-labels.md#1.1, 1.2, 1.6;
// docs/methods/noisy-labels.md#1.1. Host only: the same labels on every machine, at every width and thread count.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/label/numpy_legacy.h"

namespace winnow::label {

enum class Kind { clean, flip, uniform, instance_candidates, symmetric, annotated };
enum class Law { stream, numpy_legacy };
enum class SizeLaw { reference, exact };

Kind parse_kind(std::string_view);  // UsageError listing the legal words
Law parse_law(std::string_view);
SizeLaw parse_size_law(std::string_view);

// The table `labels` of a sweep file. Annotated labels are not made here: they are read
// (winnow/data/label_set.h).
struct Spec {
  Kind kind = Kind::clean;
  double rate =
      0;  // flip: probability of each wrong class; instance-candidates: its mean; symmetric: share of samples redrawn
  std::uint64_t seed = 0;
  Law law = Law::stream;
  SizeLaw size_law = SizeLaw::reference;
  bool include_true = true;  // symmetric
  bool balanced = false;     // symmetric: the same number of marks in every class

  static Spec from(const Settings&);  // reads labels.*, only the keys of its kind
  bool makes_candidates() const {
    return kind == Kind::flip || kind == Kind::uniform || kind == Kind::instance_candidates;
  }
};

using Labels = std::vector<std::int64_t>;  // N, classes from 0

// Candidate sets: N x C, row-major, zeros and ones.
struct Candidates {
  std::int64_t samples = 0, classes = 0;
  std::vector<std::uint8_t> mask;

  std::uint8_t* row(std::size_t sample) { return mask.data() + sample * static_cast<std::size_t>(classes); }
};

Candidates flip(std::span<const std::int64_t> truth, std::int64_t classes, double rate, std::uint64_t seed, Law);
Candidates uniform(std::span<const std::int64_t> truth, std::int64_t classes, SizeLaw, std::uint64_t seed, Law);
// The same from a numpy-legacy generator that continues from its present state, as the reference code's does.
Candidates flip(std::span<const std::int64_t> truth, std::int64_t classes, double rate, NumpyLegacy&);
Candidates uniform(std::span<const std::int64_t> truth, std::int64_t classes, SizeLaw, NumpyLegacy&);
Candidates singletons(std::span<const std::int64_t> given, std::int64_t classes);

// P(|S| <= k) for k = 1..C-1; in logarithms of binomials, so any C is fine (docs/methods/partial-labels.md#1.2, D7).
std::vector<double> uniform_size_cdf(std::int64_t classes, SizeLaw);

// The random choices behind symmetric noise, so that recorded ones can be replayed.
struct SymmetricDraws {
  std::vector<std::int64_t> order;    // of all samples; the first ones are marked (of each class under `balanced`)
  std::vector<std::int64_t> classes;  // N: the new label of a marked sample, or empty:
  std::vector<std::int64_t> shift;    // N: then it is (true + shift) mod C, shift in 1..C-1
};
SymmetricDraws draw_symmetric(std::int64_t samples, std::int64_t classes, const Spec&);
// floor(rate N) samples are marked; `marked` (N) says which, if wanted.
Labels symmetric(std::span<const std::int64_t> truth, std::int64_t classes, const Spec&, const SymmetricDraws&,
                 std::vector<std::uint8_t>* marked = nullptr);

}  // namespace winnow::label
