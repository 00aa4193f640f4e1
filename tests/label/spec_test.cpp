#include "winnow/label/spec.h"

#include <gmock/gmock.h>

#include "../refusal.h"
#include "winnow/core/error.h"

namespace winnow::label {
namespace {

using testing::HasSubstr;

TEST(Spec, ReadsOnlyTheKeysOfItsKind) {
  Settings settings(
      {{"labels.kind", "flip"}, {"labels.rate", 0.3}, {"labels.seed", 2}, {"labels.law", "numpy-legacy"}});
  Spec spec = Spec::from(settings);
  EXPECT_EQ(spec.law, Law::numpy_legacy);
  EXPECT_TRUE(spec.makes_candidates());
  EXPECT_FALSE(spec.makes_noise());
  EXPECT_EQ(settings.read().size(), 4u);
  EXPECT_THROW(parse_kind("flips"), UsageError);
}

TEST(Spec, AsymmetricReadsWhatItsMapNeeds) {
  Settings settings({{"labels.kind", "asymmetric"},
                     {"labels.rate", 0.3},
                     {"labels.seed", 2},
                     {"labels.count", "floor"},
                     {"labels.map", "superclass"},
                     {"labels.superclasses", {0, 1, 0}}});
  Spec spec = Spec::from(settings);
  EXPECT_EQ(spec.superclasses, (std::vector<std::int64_t>{0, 1, 0}));
  EXPECT_EQ(settings.read().size(), 6u);
  settings.set("labels.superclasses", {0, 0.5, 0});
  EXPECT_THAT(refusal([&] { Spec::from(settings); }), HasSubstr("labels.superclasses: 0.5 is no whole number"));
  settings.set("labels.map", "block");
  EXPECT_THAT(refusal([&] { Spec::from(settings); }),
              HasSubstr("unknown map of classes 'block' (did you mean 'blocks'?)"));
}

std::string fault(const Spec& spec, std::int64_t classes) {
  return refusal([&] { require_possible(spec, classes); });
}

TEST(Spec, WhatCannotBeIsSaidInOneLine) {
  EXPECT_THAT(fault({.kind = Kind::pairflip}, 1),
              HasSubstr("\"pairflip\" needs at least 2 classes, the data set has 1"));
  Spec map{.kind = Kind::asymmetric, .map = Map::cifar10};
  EXPECT_THAT(fault(map, 100),
              HasSubstr("labels.map = cifar10 is a map of classes 0..9, the data set has classes 0..99"));
  EXPECT_THAT(fault(map, 5), HasSubstr("the data set has classes 0..4"));
  map.map = Map::blocks;
  EXPECT_THAT(fault(map, 196), HasSubstr("196 classes are no multiple of labels.block = 5"));
  map.map = Map::superclass;
  EXPECT_THAT(fault(map, 10), HasSubstr("labels.map = superclass: the data set has no super-classes"));
  map.superclasses = {0, 1};
  EXPECT_THAT(fault(map, 10), HasSubstr("labels.superclasses are those of 2 classes, the data set has 10"));
  map.superclasses.assign(10, 0);
  EXPECT_FALSE(fault_of(map, 10));
  map.count = Count::ceil;
  EXPECT_THAT(fault(map, 10),
              HasSubstr("labels.count = ceil: with labels.map = superclass every sample flips by itself"));
  EXPECT_THAT(fault({.kind = Kind::symmetric, .balanced = true, .count = Count::class_floor}, 10),
              HasSubstr("labels.count = class-floor: labels.balanced says the count"));
  EXPECT_THAT(fault({.kind = Kind::symmetric, .target = Target::next}, 10),
              HasSubstr("symmetric: uniform, class-size"));
  EXPECT_THAT(fault({.kind = Kind::structured, .target = Target::class_size}, 10),
              HasSubstr("labels.target = class-size is of labels.kind = symmetric; structured: uniform, next"));
}

}  // namespace
}  // namespace winnow::label
