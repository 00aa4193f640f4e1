// preprocessor_config.json: the defaults of each type against transformers' own (reference/image_processors.py), the
// forms of sizes, what is refused.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../refusal.h"
#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/core/settings.h"
#include "winnow/view/step.h"

namespace winnow::view {
namespace {

using testing::HasSubstr;

// Steps as text, so that two readings can be compared.
std::string text_of(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    text += name_of(step);
    if (auto resize = std::get_if<Resize>(&step))
      text += fmt::format(" {} {}x{} {}", resize->side, resize->size.height, resize->size.width,
                          static_cast<int>(resize->filter));
    if (auto crop = std::get_if<CenterCrop>(&step))
      text += fmt::format(" {}x{} {}", crop->size.height, crop->size.width, crop->floor);
    if (auto normalize = std::get_if<Normalize>(&step))
      for (std::size_t c = 0; c < 3; ++c)
        text += fmt::format(" {}/{}", normalize->normalisation.mean[c], normalize->normalisation.deviation[c]);
    text += "; ";
  }
  return text;
}
std::string steps_of(const Value& json, const std::string& type = "") {
  return text_of(parse_preprocessor(json, "snap/preprocessor_config.json", type));
}
std::string refused(const Value& json) {
  return refusal([&] { steps_of(json); });
}

Value reference() {
  return Value::parse(read_file(Path(WINNOW_SOURCE_DIR) / "tests/view/reference/image_processors.json")).at("types");
}

TEST(Preprocessor, EveryDefaultIsThatOfTransformers) {
  const Value all = reference();  // items() refers to it
  ASSERT_EQ(all.size(), 6u);
  for (const auto& [type, defaults] : all.items()) {
    Value silent = {{"image_processor_type", type}}, written = defaults;
    written["image_processor_type"] = type;
    EXPECT_EQ(steps_of(silent), steps_of(written)) << type;
    for (const auto& [key, value] : defaults.items()) {  // each alone
      Value one = silent;
      one[key] = value;
      EXPECT_EQ(steps_of(one), steps_of(silent)) << type << ": " << key;
    }
  }
}

TEST(Preprocessor, AGreyImageOfConvNextAndDeiTIsZero) {
  for (const char* type : {"ConvNext", "DeiT", "ViT", "Siglip"}) {
    Value json = {{"image_processor_type", std::string(type) + "ImageProcessor"}};
    EXPECT_EQ(parse_normalisation(json, "snap").mean, std::vector<double>(3, 0.5)) << type;
    EXPECT_EQ(parse_normalisation(json, "snap").deviation, std::vector<double>(3, 0.5)) << type;
  }
}

TEST(Preprocessor, AFileWithoutATypeIsThatOfItsFamily) {
  EXPECT_EQ(steps_of(Value::object(), "CLIP"), steps_of({{"image_processor_type", "CLIPImageProcessorFast"}}));
  EXPECT_THAT(refused(Value::object()), HasSubstr("image_processor_type '' is not known"));
}

TEST(Preprocessor, SizesComeInManyForms) {
  auto clip = [](const Value& size) {
    return steps_of({{"image_processor_type", "CLIPImageProcessor"}, {"size", size}});
  };
  EXPECT_EQ(clip(256), clip({{"shortest_edge", 256}}));
  EXPECT_EQ(clip({{"shortest_edge", 256}, {"longest_edge", nullptr}}), clip(256));
  EXPECT_EQ(clip({{"height", 256}, {"width", 192}}), clip(Value({256, 192})));
  auto crop = [](const Value& size) {
    return steps_of({{"image_processor_type", "CLIPImageProcessor"}, {"crop_size", size}});
  };
  EXPECT_EQ(crop(64), crop({{"height", 64}, {"width", 64}}));
  EXPECT_THAT(refused({{"image_processor_type", "CLIPImageProcessor"},
                       {"size", {{"shortest_edge", 224}, {"longest_edge", 300}}}}),
              HasSubstr("size must be"));
  EXPECT_THAT(
      refused({{"image_processor_type", "ConvNextImageProcessor"}, {"size", {{"height", 224}, {"width", 224}}}}),
      HasSubstr("size must be"));
  EXPECT_THAT(
      refused({{"image_processor_type", "ViTImageProcessor"}, {"size", {{"max_height", 224}, {"max_width", 224}}}}),
      HasSubstr("size must be"));
  EXPECT_THAT(refused({{"image_processor_type", "ViTImageProcessor"}, {"do_center_crop", true}}),
              HasSubstr("crop_size must be given where do_center_crop is"));
}

TEST(Preprocessor, AStepThatIsNotKnownIsRefused) {
  for (const char* step : {"do_pad", "do_thumbnail", "do_flip_channel_order", "do_splitting"})
    EXPECT_THAT(refused({{"image_processor_type", "ViTImageProcessor"}, {step, true}}),
                HasSubstr(std::string(step) + " is not supported"));
  EXPECT_EQ(refused({{"image_processor_type", "ViTImageProcessor"}, {"do_pad", false}, {"do_convert_rgb", true}}),
            "accepted");
}

TEST(Preprocessor, RescalingAndNormalisingAreRead) {
  Value json = {{"image_mean", {0.5, 0.5, 0.5}}, {"image_std", {0.5, 0.5, 0.5}}};
  EXPECT_EQ(parse_normalisation(json, "snap", "ViT").mean[0], 0.5);
  json["rescale_factor"] = 1.0 / 127.5;
  EXPECT_DOUBLE_EQ(parse_normalisation(json, "snap", "ViT").mean[0], 0.25);
  json["do_normalize"] = false;
  EXPECT_EQ(parse_normalisation(json, "snap", "ViT").mean[0], 0);
  json["image_processor_type"] = "EfficientNetImageProcessor";
  EXPECT_EQ(refusal([&] { parse_normalisation(json, "snap"); }), "accepted")
      << "mean and deviation are there, its steps are not asked for";
  json.erase("image_std");
  EXPECT_THAT(refusal([&] { parse_normalisation(json, "snap"); }),
              HasSubstr("image_processor_type 'EfficientNetImageProcessor' is not known"));
}

}  // namespace
}  // namespace winnow::view
