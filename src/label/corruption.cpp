#include "winnow/label/corruption.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/core/words.h"
#include "winnow/label/numpy_legacy.h"

namespace winnow::label {

namespace {

constexpr Words<Kind>::Entry kKindWords[] = {
    {Kind::clean, "clean"},         {Kind::flip, "flip"},
    {Kind::uniform, "uniform"},     {Kind::instance_candidates, "instance-candidates"},
    {Kind::symmetric, "symmetric"}, {Kind::annotated, "annotated"}};
constexpr Words<Kind> kKinds("kind of labels", kKindWords);

constexpr Words<Law>::Entry kLawWords[] = {{Law::stream, "stream"}, {Law::numpy_legacy, "numpy-legacy"}};
constexpr Words<Law> kLaws("law of labels", kLawWords);

constexpr Words<SizeLaw>::Entry kSizeLawWords[] = {{SizeLaw::reference, "reference"}, {SizeLaw::exact, "exact"}};
constexpr Words<SizeLaw> kSizeLaws("size law", kSizeLawWords);

// log binom(n, k)
double log_choose(std::int64_t n, std::int64_t k) {
  auto lf = [](std::int64_t m) { return std::lgamma(static_cast<double>(m) + 1); };
  return lf(n) - lf(k) - lf(n - k);
}

Candidates empty_sets(std::span<const std::int64_t> truth, std::int64_t classes) {
  Candidates result{static_cast<std::int64_t>(truth.size()), classes, {}};
  result.mask.assign(truth.size() * static_cast<std::size_t>(classes), 0);
  for (std::size_t i = 0; i < truth.size(); ++i)
    result.mask[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(truth[i])] = 1;
  return result;
}

std::int64_t size_of_set(const std::vector<double>& cdf, double u) {
  auto found = std::find_if(cdf.begin(), cdf.end(), [&](double p) { return u <= p; });
  return std::min<std::int64_t>(found - cdf.begin(), static_cast<std::int64_t>(cdf.size()) - 1) + 1;
}

// The first size-1 wrong classes of a permutation of all classes join.
void add_first(std::uint8_t* row, std::int64_t truth, std::int64_t size, std::span<const std::int64_t> permutation) {
  std::int64_t wanted = size - 1;
  for (std::int64_t c : permutation) {
    if (wanted == 0) break;
    if (c == truth) continue;
    row[c] = 1;
    --wanted;
  }
}

}  // namespace

Kind parse_kind(std::string_view text) { return kKinds.parse(text); }
Law parse_law(std::string_view text) { return kLaws.parse(text); }
SizeLaw parse_size_law(std::string_view text) { return kSizeLaws.parse(text); }

Spec Spec::from(const Settings& settings) {
  Spec spec;
  spec.kind = parse_kind(settings.text("labels.kind"));
  if (spec.kind == Kind::clean || spec.kind == Kind::annotated) return spec;
  spec.seed = static_cast<std::uint64_t>(settings.integer("labels.seed"));
  if (spec.kind != Kind::uniform) spec.rate = settings.real("labels.rate");
  if (spec.kind == Kind::flip || spec.kind == Kind::uniform) spec.law = parse_law(settings.text("labels.law"));
  if (spec.kind == Kind::uniform) spec.size_law = parse_size_law(settings.text("labels.size_law"));
  if (spec.kind == Kind::symmetric) {
    spec.include_true = settings.flag("labels.include_true");
    spec.balanced = settings.flag("labels.balanced");
  }
  return spec;
}

Candidates flip(std::span<const std::int64_t> truth, std::int64_t classes, double rate, NumpyLegacy& random) {
  Candidates result = empty_sets(truth, classes);
  for (std::uint8_t& entry : result.mask)  // the entry at the true class is drawn and changes nothing
    if (random.uniform() < rate) entry = 1;
  return result;
}

Candidates flip(std::span<const std::int64_t> truth, std::int64_t classes, double rate, std::uint64_t seed, Law law) {
  if (law == Law::numpy_legacy) {
    NumpyLegacy random(static_cast<std::uint32_t>(seed));
    return flip(truth, classes, rate, random);
  }
  Candidates result = empty_sets(truth, classes);
  auto C = static_cast<std::size_t>(classes);
  Streams streams(seed, "labels.flip");
  for (std::size_t i = 0; i < truth.size(); ++i) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(i));
    for (std::size_t c = 0; c < C; ++c)
      if (stream.uniform() < rate) result.mask[i * C + c] = 1;
  }
  return result;
}

std::vector<double> uniform_size_cdf(std::int64_t classes, SizeLaw law) {
  // reference: P(k) = binom(C, k) / (2^C - 2); exact: binom(C-1, k-1) / (2^(C-1) - 1); k = 1..C-1.
  std::vector<double> weights;
  double largest = 0;
  for (std::int64_t k = 1; k < classes; ++k) {
    weights.push_back(law == SizeLaw::reference ? log_choose(classes, k) : log_choose(classes - 1, k - 1));
    largest = std::max(largest, weights.back());
  }
  double sum = 0;
  for (double& w : weights) sum += w = std::exp(w - largest);
  double running = 0;
  for (double& w : weights) w = running += w / sum;
  if (!weights.empty()) weights.back() = 1;
  return weights;
}

Candidates uniform(std::span<const std::int64_t> truth, std::int64_t classes, SizeLaw size_law, NumpyLegacy& random) {
  Candidates result = empty_sets(truth, classes);
  std::vector<double> cdf = uniform_size_cdf(classes, size_law);
  std::vector<double> draws(truth.size());
  for (double& u : draws) u = random.uniform();
  std::vector<std::int64_t> permutation(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < truth.size(); ++i) {
    std::iota(permutation.begin(), permutation.end(), 0);
    random.shuffle(permutation);
    add_first(result.row(i), truth[i], size_of_set(cdf, draws[i]), permutation);
  }
  return result;
}

Candidates uniform(std::span<const std::int64_t> truth, std::int64_t classes, SizeLaw size_law, std::uint64_t seed,
                   Law law) {
  if (classes < 2)
    throw UsageError(fmt::format("labels.kind = \"uniform\" needs at least 2 classes, the data set has {}", classes));
  if (law == Law::numpy_legacy) {
    NumpyLegacy random(static_cast<std::uint32_t>(seed));
    return uniform(truth, classes, size_law, random);
  }
  Candidates result = empty_sets(truth, classes);
  std::vector<double> cdf = uniform_size_cdf(classes, size_law);
  Streams streams(seed, "labels.uniform");
  for (std::size_t i = 0; i < truth.size(); ++i) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(i));
    std::int64_t size = size_of_set(cdf, stream.uniform());
    add_first(result.row(i), truth[i], size, stream.permutation(classes));
  }
  return result;
}

Candidates singletons(std::span<const std::int64_t> given, std::int64_t classes) { return empty_sets(given, classes); }

SymmetricDraws draw_symmetric(std::int64_t samples, std::int64_t classes, const Spec& spec) {
  SymmetricDraws draws;
  draws.order = Streams(spec.seed, "labels.symmetric.order").at(0, 0).permutation(samples);
  Streams streams(spec.seed, "labels.symmetric.class");
  auto& values = spec.include_true ? draws.classes : draws.shift;
  for (std::int64_t i = 0; i < samples; ++i) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(i));
    auto n = static_cast<std::uint64_t>(spec.include_true ? classes : classes - 1);
    values.push_back(static_cast<std::int64_t>(stream.below(std::max<std::uint64_t>(n, 1))) +
                     (spec.include_true ? 0 : 1));
  }
  return draws;
}

Labels symmetric(std::span<const std::int64_t> truth, std::int64_t classes, const Spec& spec,
                 const SymmetricDraws& draws, std::vector<std::uint8_t>* marked) {
  if (classes < 2)
    throw UsageError(fmt::format("labels.kind = \"symmetric\" needs at least 2 classes, the data set has {}", classes));
  Labels given(truth.begin(), truth.end());
  if (marked) marked->assign(truth.size(), 0);
  // floor of the double-precision product, as the reference codes compute it (0.58 * 50 gives 28, not 29).
  auto total = static_cast<std::int64_t>(std::floor(spec.rate * static_cast<double>(truth.size())));
  std::vector<std::int64_t> left(static_cast<std::size_t>(classes), spec.balanced ? total / classes : total);
  for (std::int64_t i : draws.order) {
    std::int64_t y = truth[static_cast<std::size_t>(i)];
    if (!spec.balanced && total-- <= 0) break;
    if (spec.balanced && left[static_cast<std::size_t>(y)]-- <= 0) continue;
    auto at = static_cast<std::size_t>(i);
    given[at] = draws.classes.empty() ? (y + draws.shift[at]) % classes : draws.classes[at];
    if (marked) (*marked)[at] = 1;
  }
  return given;
}

}  // namespace winnow::label
