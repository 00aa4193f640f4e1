#include "winnow/label/asymmetric.h"

#include <gmock/gmock.h>

#include "labelled.h"

namespace winnow::label {
namespace {

using testing::ElementsAre;

ClassMap map_of(const Spec& spec, std::int64_t classes) {
  return class_map(spec, classes, draw_asymmetric(0, classes, spec));
}

TEST(ClassMap, AsWrittenDown) {
  EXPECT_THAT(map_of({.kind = Kind::asymmetric, .map = Map::cifar10}, 10), ElementsAre(0, 1, 0, 5, 7, 3, 6, 7, 8, 1));
  EXPECT_THAT(map_of({.kind = Kind::asymmetric, .map = Map::blocks}, 10), ElementsAre(1, 2, 3, 4, 0, 6, 7, 8, 9, 5));
  EXPECT_THAT(map_of({.kind = Kind::asymmetric, .map = Map::blocks, .block = 2}, 4), ElementsAre(1, 0, 3, 2));
  EXPECT_THAT(map_of({.kind = Kind::asymmetric, .map = Map::superclass, .superclasses = {7, 1, 7, 7, 1, 2}}, 6),
              ElementsAre(2, 4, 3, 0, 1, 5))
      << "a class alone in its super-class stays";
}

TEST(ClassMap, EveryBlockSwapsOnePair) {
  Spec spec{.kind = Kind::asymmetric, .seed = 1, .map = Map::block_pairs};
  ClassMap map = map_of(spec, 100);
  for (std::int64_t first = 0; first < 100; first += 5) {
    int moved = 0;
    for (std::int64_t c = first; c < first + 5; ++c) {
      std::int64_t to = map[static_cast<std::size_t>(c)];
      EXPECT_EQ(to / 5, c / 5) << c;
      EXPECT_EQ(map[static_cast<std::size_t>(to)], c);
      moved += to != c;
    }
    EXPECT_EQ(moved, 2) << first;
  }
  spec.seed = 2;
  EXPECT_NE(map_of(spec, 100), map);
}

// DivideMix marks of all samples, so half of the marks fall on classes that stay.
TEST(Asymmetric, Cifar10MapsTheMarkedSamples) {
  Labels truth = balanced_truth(10000, 10);
  Spec spec{.kind = Kind::asymmetric, .rate = 0.4, .seed = 3, .map = Map::cifar10};
  Marks marked;
  Labels given = asymmetric(truth, 10, spec, draw_asymmetric(10000, 10, spec), &marked);
  EXPECT_EQ(sum_of(marked), 4000);
  ClassMap map = map_of(spec, 10);
  for (std::size_t i = 0; i < truth.size(); ++i)
    EXPECT_EQ(given[i], marked[i] ? map[static_cast<std::size_t>(truth[i])] : truth[i]);
  EXPECT_NEAR(share_wrong(truth, given), 0.2, three_errors(0.2, 10000));
}

TEST(Asymmetric, ByClassTheSourceClassesAreCountedEach) {
  Labels truth = balanced_truth(130, 10);  // 13 of each
  Spec spec{.kind = Kind::asymmetric, .rate = 0.4, .seed = 3, .count = Count::class_floor, .map = Map::cifar10};
  Marks marked;
  asymmetric(truth, 10, spec, draw_asymmetric(130, 10, spec), &marked);
  EXPECT_THAT(counts_of(truth, marked, 10), ElementsAre(0, 0, 5, 5, 5, 5, 0, 0, 0, 5)) << "SCE: floor(5.2)";
  spec.count = Count::class_ceil;
  Labels given = asymmetric(truth, 10, spec, draw_asymmetric(130, 10, spec), &marked);
  EXPECT_THAT(counts_of(truth, marked, 10), ElementsAre(0, 0, 6, 6, 6, 6, 0, 0, 0, 6)) << "ELR: ceil(5.2)";
  EXPECT_EQ(share_wrong(truth, given), 30.0 / 130);
}

TEST(Asymmetric, SamplesFlipEachWithTheRate) {
  Labels truth = balanced_truth(20000, 100);
  for (auto [map, share] : {std::pair{Map::blocks, 1.0}, {Map::superclass, 1.0}, {Map::block_pairs, 0.4}}) {
    Spec spec{.kind = Kind::asymmetric, .rate = 0.3, .seed = 8, .map = map};
    for (std::int64_t c = 0; c < 100; ++c) spec.superclasses.push_back(c % 20);
    AsymmetricDraws draws = draw_asymmetric(20000, 100, spec);
    Marks marked;
    Labels given = asymmetric(truth, 100, spec, draws, &marked);
    ClassMap to = class_map(spec, 100, draws);
    for (std::size_t i = 0; i < truth.size(); ++i)
      ASSERT_EQ(given[i], marked[i] ? to[static_cast<std::size_t>(truth[i])] : truth[i]);
    EXPECT_NEAR(share_wrong(truth, given), 0.3 * share, three_errors(0.3 * share, 20000));
  }
  Spec spec{.kind = Kind::asymmetric, .rate = 1, .map = Map::blocks};
  EXPECT_EQ(share_wrong(truth, noisy_labels(truth, 100, spec)), 1);
  spec.rate = 0;
  EXPECT_EQ(share_wrong(truth, noisy_labels(truth, 100, spec)), 0);
}

TEST(Transition, IsTheLawOfTheGivenLabel) {
  EXPECT_THAT(transition({1, 1, 0}, 0.25), ElementsAre(0.75, 0.25, 0, 0, 1, 0, 0.25, 0, 0.75));
}

}  // namespace
}  // namespace winnow::label
