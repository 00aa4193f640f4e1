#include "../../src/train/image_views.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"
#include "winnow/data/image.h"
#include "winnow/view/apply.h"

namespace winnow::train {
namespace {

const view::Normalisation kHalf{{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};

// Images of several sizes as files, through a packed cache of their own.
class ImageViewsTest : public testing::Test {
 protected:
  Folder folder_;
  std::optional<data::Pixels> pixels_;

  void SetUp() override {
    make_folders(folder_ / "files");
    ::setenv("WINNOW_CACHE", (folder_ / "cache").c_str(), 1);
    Path from = Path(WINNOW_SOURCE_DIR) / "tests/golden/model/files";
    std::filesystem::copy_file(from / "rgb-444.jpg", folder_ / "files/a.jpg");
    std::filesystem::copy_file(from / "gray.png", folder_ / "files/b.png");
    std::filesystem::copy_file(from / "interlaced.png", folder_ / "files/c.png");
    write_file_atomically(folder_ / "files/train.txt", "a.jpg 0\nb.png 1\n");
    write_file_atomically(folder_ / "files/test.txt", "c.png 1\n");
    Value preset = {{"layout", "lines"},
                    {"roots", {(folder_ / "files").string()}},
                    {"files", {{"train", "train.txt"}, {"test", "test.txt"}}},
                    {"classes", {"x", "y"}}};
    data::Manifest manifest = data::Manifest::from_preset("mini", preset, "mini.toml");
    pixels_.emplace(data::ensure_cache(manifest, data::check(manifest, {}, {}), {}));
  }
  void TearDown() override { pixels_.reset(); }
  static at::Tensor ids(std::vector<std::int64_t> values) { return at::tensor(values, at::kLong); }
};

TEST_F(ImageViewsTest, ImagesOfAnySizeBecomeTheModels) {
  ImageViews views(*pixels_, kHalf, 24, at::kFloat, {});
  at::Tensor x = views.make("train", "plain", ids({1, 0, 1}), 0);
  EXPECT_EQ(x.sizes(), (std::vector<std::int64_t>{3, 3, 24, 24}));
  EXPECT_TRUE(at::equal(x[0], x[2]));
  auto steps = view::parse_steps(
      Value::parse(R"([{"op": "resize", "size": 24, "interpolation": "bilinear"}, {"op": "center_crop", "size": 24},
                                                  {"op": "normalize", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}])"),
      "test");
  at::Tensor image = view::to_tensor(data::read_image(folder_ / "files/a.jpg")).unsqueeze(0);
  EXPECT_TRUE(at::equal(x[1], view::apply(image, steps, at::kFloat)[0]));
  EXPECT_EQ(views.make("test", "plain", ids({0}), 0).sizes(), (std::vector<std::int64_t>{1, 3, 24, 24}));
  EXPECT_EQ(views.make("train", "plain", ids({}), 0).sizes(), (std::vector<std::int64_t>{0, 3, 24, 24}))
      << "a process without rows";
  EXPECT_THROW(views.make("train", "strong", ids({0}), 0), InternalError);
}

// Kept images change nothing but the time: the same bits the first time, the second time, and from a damaged file.
TEST_F(ImageViewsTest, KeptBeginningsGiveTheSamePixels) {
  auto views_of = [&](bool kept) {
    ImageViews::Declared declared{
        .training = {{"weak", {"crop256", 1}}, {"strong", {"rrc-flip", 2}}},  // the second draws first: nothing to keep
        .test = ImageViews::Declared::Test{"squeeze-8-7"},
        .seed = 5,
        .kept_beside = kept ? folder_ / "cache/mini.safetensors" : Path()};
    return ImageViews(*pixels_, kHalf, 24, at::kFloat, declared);
  };
  ImageViews decoding = views_of(false);
  auto expect_same = [&](const ImageViews& kept) {
    for (std::int64_t epoch : {0, 1})
      for (const char* name : {"plain", "weak", "strong"})
        EXPECT_TRUE(
            at::equal(kept.make("train", name, ids({1, 0}), epoch), decoding.make("train", name, ids({1, 0}), epoch)))
            << name << " " << epoch;
    EXPECT_TRUE(at::equal(kept.make("test", "plain", ids({0}), 0), decoding.make("test", "plain", ids({0}), 0)));
  };
  expect_same(views_of(true));
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "cache"))
    if (entry.path().extension() == ".kept") files.push_back(entry.path());
  EXPECT_EQ(files.size(), 6u) << "plain, crop256, squeeze-8-7, each of two splits";
  expect_same(views_of(true));
  for (const Path& file : files) std::filesystem::resize_file(file, 5000);
  expect_same(views_of(true));
}

TEST_F(ImageViewsTest, AnImageIsReadFromWhereItIsKept) {
  ImageViews views(*pixels_, kHalf, 24, at::kFloat, {.kept_beside = folder_ / "cache/mini.safetensors"});
  at::Tensor before = views.make("train", "plain", ids({0}), 0);
  // Another image in its place, with its hash: nobody looks at the file of the image any more.
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "cache"))
    if (entry.path().string().find("mini-train") != std::string::npos && entry.path().extension() == ".kept") {
      std::string header = read_file(entry.path()).substr(0, 4096);
      std::string content = header.substr(header.find('\n') + 1);
      data::KeptImages(entry.path(), content.substr(0, content.find('\n')), 2, 24 * 24 * 3)
          .keep(0, std::vector<std::uint8_t>(24 * 24 * 3, 255));
    }
  at::Tensor after = views.make("train", "plain", ids({0}), 0);
  EXPECT_FALSE(at::equal(before, after));
  EXPECT_TRUE(at::allclose(after, at::ones_like(after))) << after.min();
}

// docs/methods/partial-labels.md#3.4.
TEST_F(ImageViewsTest, AnEnsembleHasSeveralViewsOfATestImage) {
  auto members_of = [&](const ImageViews::Ensemble& ensemble) {
    ImageViews views(*pixels_, kHalf, 24, at::kFloat, {.ensemble = ensemble, .seed = 7});
    std::vector<at::Tensor> all;
    for (std::int64_t m = 0; m < views.members(); ++m) {
      all.push_back(views.make("test", "plain", ids({0}), m, m));
      EXPECT_EQ(all.back().sizes(), (std::vector<std::int64_t>{1, 3, 24, 24}));
    }
    EXPECT_TRUE(at::equal(views.make("train", "plain", ids({0}), 0),
                          ImageViews(*pixels_, kHalf, 24, at::kFloat, {}).make("train", "plain", ids({0}), 0)))
        << "training images are what they were";
    return all;
  };
  std::vector<at::Tensor> none = members_of({"none"}), five = members_of({"five-crop", 8}),
                          ten = members_of({"ten-crop", 8}), drawn = members_of({"randaug", 0, 3});
  EXPECT_EQ(none.size(), 1u);
  ASSERT_EQ(five.size(), 5u);
  ASSERT_EQ(ten.size(), 10u);
  ASSERT_EQ(drawn.size(), 3u);
  for (std::size_t m = 0; m < 5; ++m) EXPECT_TRUE(at::equal(five[m], ten[m]));
  EXPECT_TRUE(at::equal(ten[5], ten[1].flip(3))) << "the upper left of the mirrored image is its upper right";
  auto steps = view::parse_steps(
      Value::parse(R"([{"op": "resize", "size": 32, "interpolation": "bilinear"}, {"op": "center_crop", "size": 24},
                                                  {"op": "normalize", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}])"),
      "test");
  at::Tensor image = view::to_tensor(data::read_image(folder_ / "files/c.png")).unsqueeze(0);
  EXPECT_TRUE(at::equal(five[4], view::apply(image, steps, at::kFloat)));
  EXPECT_FALSE(at::equal(drawn[0], drawn[1]));
  EXPECT_TRUE(at::equal(drawn[1], members_of({"randaug", 0, 2})[1])) << "the same in every evaluation";
}

TEST_F(ImageViewsTest, AViewDependsOnTheSampleTheEpochAndTheSeedAlone) {
  for (const char* pipeline : {"strong-fine", "flip-crop", "moco2"}) {
    ImageViews::Declared declared{.training = {{"strong", {pipeline, 0}}, {"weak", {pipeline, 1}}}, .seed = 5};
    ImageViews views(*pixels_, kHalf, 24, at::kDouble, declared);
    declared.seed = 6;
    ImageViews other(*pixels_, kHalf, 24, at::kDouble, declared);
    at::Tensor both = views.make("train", "strong", ids({0, 1}), 3);
    EXPECT_TRUE(at::equal(both[1], views.make("train", "strong", ids({1}), 3)[0]))
        << pipeline << ": alone or in a batch";
    EXPECT_FALSE(at::equal(both, views.make("train", "strong", ids({0, 1}), 4))) << pipeline;
    EXPECT_FALSE(at::equal(both, views.make("train", "weak", ids({0, 1}), 3))) << pipeline;
    EXPECT_FALSE(at::equal(both, other.make("train", "strong", ids({0, 1}), 3))) << pipeline;
  }
}

TEST_F(ImageViewsTest, TestPipelineAndNormalisationAreSetApart) {
  auto made = [&](const ImageViews::Declared& declared) {
    return ImageViews(*pixels_, kHalf, 24, at::kDouble, declared);
  };
  ImageViews alike = made({}), views = made({.training = {{"weak", {"plain", 1, "imagenet"}}},
                                             .test = ImageViews::Declared::Test{"test-8-7"}});
  at::Tensor train = alike.make("train", "plain", ids({0}), 0);
  EXPECT_TRUE(at::equal(train, views.make("train", "plain", ids({0}), 0)));
  EXPECT_FALSE(at::equal(alike.make("test", "plain", ids({0}), 0), views.make("test", "plain", ids({0}), 0)));
  at::Tensor weak = views.make("train", "weak", ids({0}), 0);
  EXPECT_TRUE(at::allclose(weak.select(1, 0) * 0.229 + 0.485, train.select(1, 0) * 0.5 + 0.5)) << "the same pixels";
  EXPECT_THROW(made({.training = {{"weak", {"plane", 1}}}}), UsageError);
  EXPECT_THROW(made({.training = {{"weak", {"plain", 1, "imagnet"}}}}), UsageError);
}

}  // namespace
}  // namespace winnow::train
