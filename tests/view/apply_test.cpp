#include "winnow/view/apply.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../../src/view/operations.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"

namespace winnow::view {
namespace {

using testing::HasSubstr;

at::Tensor noise(std::int64_t B, std::int64_t H, std::int64_t W) {
  at::Tensor x = at::empty({B, H, W, 3}, at::kByte);
  Stream random = Streams(0, "noise").at(static_cast<std::uint32_t>(H), static_cast<std::uint32_t>(W));
  for (std::int64_t i = 0; i < x.numel(); ++i) x.data_ptr<std::uint8_t>()[i] = static_cast<std::uint8_t>(random());
  return x;
}

std::vector<Step> steps(const char* json) { return parse_steps(Value::parse(json), "test"); }

std::string refusal(const char* json, const at::Tensor& images = noise(1, 9, 9)) {
  try {
    apply(images, steps(json), at::kFloat);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

// What each operation computes is compared by the golden cases, one image at a time. Here: a batch is its images.
TEST(ApplyEach, ABatchIsItsImagesEachWithItsOwnSteps) {
  std::vector<std::vector<Step>> all = {
      steps(
          R"([{"op": "brightness", "factor": 0.4}, {"op": "rotate", "value": 20}, {"op": "gaussian_blur", "sigma": 1.3}])"),
      steps(
          R"([{"op": "equalize"}, {"op": "rotate", "value": -3}, {"op": "hue", "factor": 0.2}, {"op": "sharpness", "value": 0.4}])"),
      steps(
          R"([{"op": "brightness", "factor": 1.7}, {"op": "shear_x", "value": 0.3}, {"op": "gaussian_blur", "sigma": 0.3}])"),
      steps(
          R"([{"op": "autocontrast"}, {"op": "contrast", "value": 0.2}, {"op": "solarize", "value": 99.5}, {"op": "posterize", "value": 3}])"),
      steps(R"([])"),
      steps(
          R"([{"op": "color", "value": 0.2}, {"op": "cutout", "center_x": 3, "center_y": 4, "fraction": 0.3, "fill": 9}, {"op": "hflip"}])"),
  };
  at::Tensor images = noise(6, 11, 14);
  at::Tensor together = apply_each(images, all, at::kFloat);
  for (std::int64_t i = 0; i < 6; ++i)
    EXPECT_TRUE(at::equal(together[i], apply(images.narrow(0, i, 1), all[static_cast<std::size_t>(i)], at::kFloat)[0]))
        << i;
  EXPECT_TRUE(at::equal(together[4], images[4])) << "no steps, no change";
}

TEST(ApplyAnySize, ImagesMeetAtTheFirstStepsThatMakeASize) {
  std::vector<at::Tensor> images = {noise(1, 30, 20)[0], noise(1, 9, 40)[0]};
  auto own = steps(
      R"([{"op": "resize", "size": 8, "interpolation": "bicubic"}, {"op": "center_crop", "size": [8, 8]}, {"op": "hflip"},
                       {"op": "normalize", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}])");
  at::Tensor result = apply_any_size(images, {own, own}, at::kDouble);
  EXPECT_EQ(result.sizes(), (std::vector<std::int64_t>{2, 3, 8, 8}));
  EXPECT_EQ(result.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::equal(result[1], apply(images[1].unsqueeze(0), own, at::kDouble)[0]));
  auto whole = steps(R"([{"op": "resize", "size": 8, "interpolation": "bicubic"}])");
  EXPECT_THROW(apply_any_size(images, {whole, whole}, at::kFloat), UsageError);
}

// Devices gather, CPUs loop: the same bits.
TEST(Resize, GathersAndLoopsAgree) {
  at::Tensor images = noise(3, 37, 53);
  std::vector<data::Box> boxes = {{0, 0, 37, 53}, {5, 6, 12, 13}, {30, 2, 5, 50}};
  for (data::Filter filter : {data::Filter::bilinear, data::Filter::bicubic, data::Filter::lanczos})
    EXPECT_TRUE(at::equal(resize(images, boxes, {16, 24}, filter), resize_by_gather(images, boxes, {16, 24}, filter)));
}

TEST(Loops, AreTheTensorsOfDevices) {
  at::Tensor images = noise(4, 33, 47);
  images[3].floor_divide_(64).mul_(64);  // few levels: ties of the largest channel, greys
  std::vector<double> sigmas = {0.1, 0.9, 2.7, 9}, turns = {-0.5, -0.03, 0.2, 0.5}, factors = {0, 0.4, 1.3, 7};
  EXPECT_TRUE(at::equal(gaussian_blur(images, sigmas), gaussian_blur_by_tensors(images, sigmas)));
  EXPECT_TRUE(at::equal(hue(images, turns), hue_by_tensors(images, turns)));
  EXPECT_TRUE(at::equal(saturation(images, factors), saturation_by_tensors(images, factors)));
  EXPECT_TRUE(at::equal(hflip(images), images.flip(2)));
  std::vector<double> amounts = {-0.3, 0.01, 0.3, 25};
  for (Op op : {Op::shear_x, Op::shear_y, Op::translate_x, Op::translate_y, Op::rotate})
    EXPECT_TRUE(at::equal(warp(images, op, amounts), warp_by_tensors(images, op, amounts))) << to_string(op);
  std::vector<Cutout> cuts = {{5, 6, 0.3, {1, 2, 3}}, {46, 32, 0.5, {}}, {20, 20, 0, {9, 9, 9}}, {0, 0, 9, {7, 7, 7}}};
  EXPECT_TRUE(at::equal(cutout(images, cuts), cutout_by_tensors(images, cuts)));
  for (std::int64_t size : {1, 20, 60}) {
    std::vector<data::Box> boxes = {
        {0, 0, size, size}, {-5, 40, size, size}, {30, -9, size, size}, {-70, 100, size, size}};
    EXPECT_TRUE(at::equal(crop(images, boxes, {1, 2, 3}), crop_by_tensors(images, boxes, {1, 2, 3}))) << size;
  }
  for (at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    Normalisation n{{0.5, 0.4, 0.3}, {0.1, 0.2, 0.3}};
    Normaliser normalise(n, type);
    EXPECT_TRUE(at::equal(normalise(images), normalise.by_tensors(images)));
    EXPECT_EQ(normalise(images).strides(), normalise.by_tensors(images).strides()) << "convolutions may depend on it";
    at::Tensor grey = images.narrow(3, 0, 1).contiguous();
    EXPECT_TRUE(at::equal(normalise(grey), normalise.by_tensors(grey)));
  }
}

TEST(Apply, TenCropsAreNormalisedEach) {
  at::Tensor images = noise(2, 10, 12);
  at::Tensor all =
      apply(images,
            steps(R"([{"op": "ten_crop", "size": [4, 4]}, {"op": "normalize", "mean": [0, 0, 0], "std": [1, 1, 1]}])"),
            at::kFloat);
  EXPECT_EQ(all.sizes(), (std::vector<std::int64_t>{2, 10, 3, 4, 4}));
  at::Tensor last_row = images[1].narrow(0, 6, 4).narrow(1, 8, 4).permute({2, 0, 1});
  EXPECT_TRUE(at::allclose(all[1][3], last_row.to(at::kFloat) / 255));
  EXPECT_TRUE(at::allclose(all[1][7], last_row.to(at::kFloat).flip(2) / 255))
      << "the mirrored image's bottom-left crop";
}

TEST(Apply, ExtremeFactorsStayInRange) {
  at::Tensor white = at::full({1, 5, 5, 3}, 255, at::kByte);
  for (const char* op : {"brightness", "contrast", "saturation", "sharpness"}) {
    std::string json = std::string(R"([{"op": ")") + op + R"(", "factor": 1000}])";
    EXPECT_TRUE(at::equal(apply(white, steps(json.c_str()), at::kFloat), white)) << op;
  }
  EXPECT_TRUE(at::equal(apply(white, steps(R"([{"op": "gaussian_blur", "sigma": 40}])"), at::kFloat), white))
      << "a box wider than the image";
  EXPECT_EQ(apply(white, steps(R"([{"op": "cutout", "center_x": 2, "center_y": 2, "fraction": 900}])"), at::kFloat)
                .max()
                .item<int>(),
            0);
}

TEST(Apply, RefusesWhatAnImageDoesNotAllow) {
  EXPECT_THAT(refusal(R"([{"op": "five_crop", "size": [10, 4]}])"), HasSubstr("crops of 10 x 4 from images of 9 x 9"));
  EXPECT_THAT(
      refusal(
          R"([{"op": "resized_crop", "top": 5, "left": 0, "height": 5, "width": 2, "size": 4, "interpolation": "bilinear"}])"),
      HasSubstr("is not inside an image of 9 x 9"));
  EXPECT_THAT(refusal(R"([{"op": "padded_crop", "padding": 1, "top": 3, "left": 0, "size": 9}])"),
              HasSubstr("with 1 pixels of padding"));
  EXPECT_THAT(refusal(R"([{"op": "ten_crop", "size": 4}, {"op": "hflip"}])"),
              HasSubstr("hflip after five_crop or ten_crop"));
  EXPECT_THAT(refusal(R"([{"op": "normalize", "mean": [0, 0, 0], "std": [1, 1, 1]}, {"op": "hflip"}])"),
              HasSubstr("normalize must be the last"));
}

TEST(ParseStep, RefusesWithOperationAndKey) {
  EXPECT_THAT(refusal(R"([{"op": "brigthness", "factor": 1}])"),
              HasSubstr("unknown operation 'brigthness' (did you mean 'brightness'?)"));
  EXPECT_THAT(refusal(R"([{"op": "brightness"}])"), HasSubstr("brightness: 'value' is missing"));
  EXPECT_THAT(refusal(R"([{"op": "brightness", "factor": 1, "factr": 2}])"),
              HasSubstr("brightness: unknown key 'factr' (did you mean 'factor'?)"));
  EXPECT_THAT(refusal(R"([{"op": "hue", "factor": 0.6}])"),
              HasSubstr("hue: factor must be a number in [-0.5, 0.5], got 0.6"));
  EXPECT_THAT(refusal(R"([{"op": "resize", "size": [3], "interpolation": "bilinear"}])"),
              HasSubstr("size must be [height, width]"));
  EXPECT_THAT(refusal(R"([{"op": "resize", "size": 3, "interpolation": "bilinear", "antialias": false}])"),
              HasSubstr("antialias must be true"));
  EXPECT_THAT(refusal(R"([{"op": "color_jitter", "order": ["hue", "hue"], "hue": 0}])"), HasSubstr("order must be"));
  EXPECT_THAT(refusal(R"([{"op": "normalize", "mean": [0, 0, 0], "std": [1, 0, 1]}])"),
              HasSubstr("std must be positive"));
  EXPECT_THAT(refusal(R"([3])"), HasSubstr("a step is an object"));
}

std::string preprocessor_refusal(const char* json) {
  try {
    parse_preprocessor(Value::parse(json), "snap/preprocessor_config.json");
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ParsePreprocessor, DefaultsOfTheTypeAndRefusals) {
  std::vector<Step> clip =
      parse_preprocessor(Value::parse(R"({"image_processor_type": "CLIPImageProcessorFast"})"), "x");
  ASSERT_EQ(clip.size(), 3u);
  EXPECT_EQ(std::get<Resize>(clip[0]).side, 224);
  EXPECT_EQ(std::get<CenterCrop>(clip[1]).size, (Size{224, 224}));
  std::vector<Step> large = parse_preprocessor(
      Value::parse(R"({"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}})"), "x");
  EXPECT_EQ(std::get<Resize>(large[0]).size, (Size{384, 384}));
  EXPECT_THAT(preprocessor_refusal(R"({"image_processor_type": "LayoutImageProcessor"})"),
              HasSubstr("'LayoutImageProcessor' is not known"));
  EXPECT_THAT(preprocessor_refusal(R"({"image_processor_type": "ViTImageProcessor", "resample": 0})"),
              HasSubstr("resample must be"));
  EXPECT_THAT(preprocessor_refusal(R"({"image_processor_type": "ViTImageProcessor", "image_mean": [1, 2]})"),
              HasSubstr("image_mean must be three numbers"));
  EXPECT_THAT(preprocessor_refusal(R"({"image_processor_type": "CLIPImageProcessor", "size": "large"})"),
              HasSubstr("size must be"));
}

}  // namespace
}  // namespace winnow::view
