#include "winnow/label/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "winnow/core/error.h"
#include "winnow/core/words.h"

namespace winnow::label {

namespace {

constexpr Words<Kind>::Entry kKindWords[] = {
    {Kind::clean, "clean"},         {Kind::flip, "flip"},
    {Kind::uniform, "uniform"},     {Kind::instance_candidates, "instance-candidates"},
    {Kind::symmetric, "symmetric"}, {Kind::asymmetric, "asymmetric"},
    {Kind::pairflip, "pairflip"},   {Kind::structured, "structured"},
    {Kind::instance, "instance"},   {Kind::annotated, "annotated"}};
constexpr Words<Kind> kKinds("kind of labels", kKindWords);

constexpr Words<Law>::Entry kLawWords[] = {{Law::stream, "stream"}, {Law::numpy_legacy, "numpy-legacy"}};
constexpr Words<Law> kLaws("law of labels", kLawWords);

constexpr Words<SizeLaw>::Entry kSizeLawWords[] = {{SizeLaw::reference, "reference"}, {SizeLaw::exact, "exact"}};
constexpr Words<SizeLaw> kSizeLaws("size law", kSizeLawWords);

constexpr Words<Count>::Entry kCountWords[] = {{Count::floor, "floor"},
                                               {Count::ceil, "ceil"},
                                               {Count::class_floor, "class-floor"},
                                               {Count::class_ceil, "class-ceil"}};
constexpr Words<Count> kCounts("count of marked samples", kCountWords);

constexpr Words<Target>::Entry kTargetWords[] = {
    {Target::uniform, "uniform"}, {Target::next, "next"}, {Target::class_size, "class-size"}};
constexpr Words<Target> kTargets("target of marked samples", kTargetWords);

constexpr Words<Map>::Entry kMapWords[] = {{Map::cifar10, "cifar10"},
                                           {Map::cifar10_transition, "cifar10-transition"},
                                           {Map::blocks, "blocks"},
                                           {Map::block_pairs, "block-pairs"},
                                           {Map::superclass, "superclass"}};
constexpr Words<Map> kMaps("map of classes", kMapWords);

constexpr Words<Levels>::Entry kLevelsWords[] = {{Levels::raw, "raw"}, {Levels::scaled, "scaled"}};
constexpr Words<Levels> kLevels("scale of pixels", kLevelsWords);

std::vector<std::int64_t> whole_numbers(const Settings& settings, const char* key) {
  std::vector<std::int64_t> result;
  for (double value : settings.reals(key)) {
    if (value != std::floor(value)) throw UsageError(fmt::format("{}: {} is no whole number", key, value));
    result.push_back(static_cast<std::int64_t>(value));
  }
  return result;
}

std::optional<Fault> fault_of_map(const Spec& spec, std::int64_t classes) {
  constexpr std::int64_t kCifar10 = 10;
  std::string map = fmt::format("labels.map = {}", kMaps.name(spec.map));
  switch (spec.map) {
    case Map::cifar10:
    case Map::cifar10_transition:
      if (classes == kCifar10) return std::nullopt;
      return Fault{"labels.map", fmt::format("{} is a map of classes 0..9, the data set has classes 0..{}; for any "
                                             "number of classes: blocks, block-pairs",
                                             map, classes - 1)};
    case Map::blocks:
    case Map::block_pairs:
      if (classes % spec.block == 0) return std::nullopt;
      return Fault{"labels.block", fmt::format("{}: the data set's {} classes are no multiple of labels.block = {}",
                                               map, classes, spec.block)};
    case Map::superclass:
      if (spec.superclasses.empty())
        return Fault{"labels.map", fmt::format("{}: the data set has no super-classes; labels.superclasses gives one "
                                               "number for every class; without them: blocks, block-pairs",
                                               map)};
      if (static_cast<std::int64_t>(spec.superclasses.size()) == classes) return std::nullopt;
      return Fault{"labels.superclasses", fmt::format("labels.superclasses are those of {} classes, the data set has "
                                                      "{}",
                                                      spec.superclasses.size(), classes)};
  }
  throw InternalError("a map of classes outside its closed list");
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
  if (spec.kind == Kind::symmetric || spec.kind == Kind::structured)
    spec.target = kTargets.parse(settings.text("labels.target"));
  if (spec.kind == Kind::symmetric || spec.kind == Kind::asymmetric)
    spec.count = kCounts.parse(settings.text("labels.count"));
  if (spec.kind == Kind::asymmetric) {
    spec.map = kMaps.parse(settings.text("labels.map"));
    if (spec.map == Map::blocks || spec.map == Map::block_pairs) spec.block = settings.integer("labels.block");
    if (spec.map == Map::superclass) spec.superclasses = whole_numbers(settings, "labels.superclasses");
  }
  if (spec.kind == Kind::instance) {
    spec.sigma = settings.real("labels.sigma");
    spec.pixels = kLevels.parse(settings.text("labels.pixels"));
  }
  return spec;
}

std::optional<Fault> fault_of(const Spec& spec, std::int64_t classes) {
  std::string_view kind = kKinds.name(spec.kind), target = kTargets.name(spec.target);
  if ((spec.makes_noise() || spec.kind == Kind::uniform) && classes < 2)
    return Fault{"labels.kind",
                 fmt::format("labels.kind = \"{}\" needs at least 2 classes, the data set has {}", kind, classes)};
  if (spec.kind == Kind::symmetric && spec.target == Target::next)
    return Fault{"labels.target",
                 "labels.target = next is of labels.kind = structured (pairflip is the same for all "
                 "classes); symmetric: uniform, class-size"};
  if (spec.kind == Kind::structured && spec.target == Target::class_size)
    return Fault{"labels.target",
                 fmt::format("labels.target = {} is of labels.kind = symmetric; structured: uniform, next", target)};
  if (spec.balanced && spec.count != Count::floor)
    return Fault{"labels.count", fmt::format("labels.count = {}: labels.balanced says the count of every class itself; "
                                             "leave one of them out",
                                             kCounts.name(spec.count))};
  if (spec.flips_each() && spec.count != Count::floor)
    return Fault{"labels.count", fmt::format("labels.count = {}: with labels.map = {} every sample flips by itself, "
                                             "none are counted",
                                             kCounts.name(spec.count), kMaps.name(spec.map))};
  return spec.kind == Kind::asymmetric ? fault_of_map(spec, classes) : std::nullopt;
}

void require_possible(const Spec& spec, std::int64_t classes) {
  if (std::optional<Fault> fault = fault_of(spec, classes)) throw UsageError(fault->text);
}

}  // namespace winnow::label
