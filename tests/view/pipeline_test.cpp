#include "winnow/view/pipeline.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "winnow/core/error.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/view/apply.h"

namespace winnow::view {
namespace {

using testing::HasSubstr;

at::Tensor image(std::int64_t H, std::int64_t W) {
  return at::arange(H * W * 3, at::kLong).remainder(251).to(at::kByte).view({H, W, 3});
}

TEST(Pipeline, EveryNamedOneGivesTheModelsSizeForEverySizeOfImage) {
  for (const std::string& name : Pipeline::names())
    for (auto [H, W] : {std::pair<std::int64_t, std::int64_t>{32, 32}, {75, 50}, {40, 200}}) {
      bool small = name == "cifar" || name == "weak-plcifar";  // these crop 32 x 32 without resizing first
      if (small && H != 32) continue;
      Pipeline pipeline = Pipeline::named(name, 28);
      for (std::int64_t sample = 0; sample < 12; ++sample) {
        Stream stream = view_stream(0, name, 0, 3, sample);
        at::Tensor x = apply_any_size({image(H, W)}, {pipeline.draw({H, W}, stream)}, at::kFloat);
        std::vector<std::int64_t> sizes = x.sizes().vec();
        EXPECT_EQ(std::vector<std::int64_t>(sizes.end() - 3, sizes.end()), (std::vector<std::int64_t>{28, 28, 3}))
            << name;
      }
    }
}

TEST(Pipeline, DrawsAreThoseOfSeedEpochSampleAndIndex) {
  Pipeline pipeline = Pipeline::named("strong-id", 28);
  auto drawn = [&](std::uint64_t seed, std::uint64_t index, std::int64_t epoch, std::int64_t sample) {
    Stream stream = view_stream(seed, "strong-id", index, epoch, sample);
    return apply_any_size({image(40, 44)}, {pipeline.draw({40, 44}, stream)}, at::kFloat);
  };
  at::Tensor first = drawn(0, 0, 0, 7);
  EXPECT_TRUE(at::equal(first, drawn(0, 0, 0, 7)));
  for (at::Tensor other : {drawn(1, 0, 0, 7), drawn(0, 1, 0, 7), drawn(0, 0, 1, 7), drawn(0, 0, 0, 8)})
    EXPECT_FALSE(at::equal(first, other));
}

// Every operation of RandomAugment comes up, with values that fill its range; boxes cover 8 to 100 % of the area.
TEST(Pipeline, DrawsFillTheirRanges) {
  Pipeline pipeline = Pipeline::named("strong-fine", 224);
  std::map<Op, std::pair<double, double>> seen;
  double smallest = 1, largest = 0;
  std::int64_t flips = 0;
  for (std::int64_t sample = 0; sample < 4000; ++sample) {
    Stream stream = view_stream(0, "strong-fine", 0, 0, sample);
    std::vector<Step> steps = pipeline.draw({300, 400}, stream);
    ASSERT_EQ(steps.size(), 6u);
    const auto& box = std::get<ResizedCrop>(steps[0]).box;
    EXPECT_TRUE(box.top >= 0 && box.left >= 0 && box.top + box.height <= 300 && box.left + box.width <= 400);
    double share = static_cast<double>(box.height * box.width) / (300 * 400);
    smallest = std::min(smallest, share), largest = std::max(largest, share);
    flips += std::get<Adjust>(steps[1]).op == Op::hflip;
    for (std::size_t k = 2; k < 5; ++k) {
      const auto& own = std::get<Adjust>(steps[k]);
      auto [entry, fresh] = seen.try_emplace(own.op, own.value, own.value);
      entry->second.first = std::min(entry->second.first, own.value),
      entry->second.second = std::max(entry->second.second, own.value);
    }
    const auto& cut = std::get<Cutout>(steps[5]);
    EXPECT_TRUE(cut.fraction >= 0 && cut.fraction < 0.5 && cut.center_x < 224 && cut.center_y < 224);
  }
  EXPECT_EQ(seen.size(), 14u);
  EXPECT_NEAR(seen[Op::rotate].first, -30, 0.5);
  EXPECT_NEAR(seen[Op::posterize].second, 8, 0.1);
  EXPECT_NEAR(seen[Op::solarize].second, 256, 3);
  EXPECT_NEAR(smallest, 0.08, 0.01);
  EXPECT_GT(largest, 0.9);
  EXPECT_NEAR(static_cast<double>(flips) / 4000, 0.5, 0.03);
}

TEST(Pipeline, SizesOfTheModelsSide) {
  Stream stream = view_stream(0, "x", 0, 0, 0);
  EXPECT_EQ(std::get<Resize>(Pipeline::named("test-8-7", 224).draw({300, 300}, stream)[0]).side, 256);
  EXPECT_EQ(std::get<Resize>(Pipeline::named("five-crop", 224).draw({300, 300}, stream)[0]).side, 248);
  EXPECT_FALSE(Pipeline::named("test-8-7", 224).random());
  EXPECT_TRUE(Pipeline::named("crop256", 224).random());
}

std::string refusal(const char* steps) {
  try {
    Pipeline::parse(Value::parse(steps), 28, "mine");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Pipeline, ABeginningDrawsNothingAndMakesOneSize) {
  auto beginning = [](const char* name) { return Pipeline::named(name, 224).beginning(); };
  EXPECT_EQ(beginning("plain").text, "resize short side 224 bilinear, center_crop 224 x 224");
  EXPECT_EQ(beginning("plain").steps.size(), 2u);
  EXPECT_EQ(beginning("crop256").text, "resize 256 x 256 bilinear");
  EXPECT_EQ(beginning("crop256").size, (Size{256, 256}));
  for (const char* name : {"rrc-flip", "cifar", "weak-plcifar"})
    EXPECT_TRUE(beginning(name).steps.empty()) << name << " draws first";
  for (const char* name : {"clothing", "ten-crop"})
    EXPECT_TRUE(beginning(name).steps.empty()) << name << " has images of several sizes";
  // Whatever the image was, what follows is drawn as if the beginning had been applied.
  Pipeline pipeline = Pipeline::named("crop256", 224);
  Stream from_file = view_stream(1, "crop256", 0, 2, 3), from_kept = view_stream(1, "crop256", 0, 2, 3);
  auto whole = pipeline.draw({375, 500}, from_file), rest = pipeline.draw({256, 256}, from_kept);
  ASSERT_EQ(whole.size(), rest.size());
  EXPECT_EQ(std::get<PaddedCrop>(whole[1]).top, std::get<PaddedCrop>(rest[1]).top);
  EXPECT_EQ(std::get<PaddedCrop>(whole[1]).left, std::get<PaddedCrop>(rest[1]).left);
}

TEST(Pipeline, RefusesWithOperationAndKey) {
  EXPECT_THAT(refusal(R"([{"op": "random_hflip"}])"), HasSubstr("mine: random_hflip: 'p' is missing"));
  EXPECT_THAT(refusal(R"([{"op": "random_hflip", "p": 2}])"), HasSubstr("p must be a number in [0, 1], got 2"));
  EXPECT_THAT(refusal(R"([{"op": "random_hflip", "p": 1, "P": 1}])"), HasSubstr("unknown key 'P'"));
  EXPECT_THAT(refusal(R"([{"op": "random_flip", "p": 1}])"), HasSubstr("(did you mean 'random_hflip'?)"));
  EXPECT_THAT(refusal(R"([{"op": "resize", "size": "2R", "interpolation": "bilinear"}])"),
              HasSubstr("'2R' is neither a number nor R"));
  EXPECT_THAT(refusal(R"([{"op": "random_gaussian_blur", "sigma": [2, 1], "p": 1}])"),
              HasSubstr("sigma must be [low, high]"));
  try {
    Pipeline::named("moco", 28);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("unknown view 'moco' (did you mean 'moco2'?)"));
  }
}

// The sweep side knows the words without torch; they are these pipelines, the two views of fixed-size images, and the
// model's own.
TEST(Pipeline, SweepFilesMayNameExactlyThese) {
  std::set<std::string> views(Pipeline::names().begin(), Pipeline::names().end()), normalisations = {"model"};
  views.insert("flip-crop");
  views.insert("model");
  for (const char* ensemble : {"five-crop", "ten-crop"}) views.erase(ensemble);  // several images for one
  for (const std::string& name : normalisation_names()) normalisations.insert(name);
  int found = 0;
  for (const sweep::Key& key : sweep::Catalogue::built_in({}).common) {
    if (!key.key.starts_with("views.") || key.key.starts_with("views.ensemble")) continue;
    ++found;
    std::set<std::string> words(key.words.begin(), key.words.end());
    EXPECT_EQ(words, key.key.ends_with("normalisation") ? normalisations : views) << key.key;
  }
  EXPECT_EQ(found, 6);
}

}  // namespace
}  // namespace winnow::view
