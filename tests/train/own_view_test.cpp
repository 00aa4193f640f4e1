// The view `model`: a model's own preprocessing, of all three kinds of snapshot. Hugging Face's processors: golden
// cases `preprocess`.
#include <ATen/ATen.h>

#include "../../src/train/image_views.h"
#include "../../src/train/preprocessing.h"
#include "../../src/train/stage_views.h"
#include "miniature.h"
#include "winnow/text/open_clip_config.h"
#include "winnow/view/apply.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

// 45 x 61 x 3.
at::Tensor image() {
  at::Tensor y = at::arange(45).view({45, 1, 1}), x = at::arange(61).view({1, 61, 1}),
             c = at::arange(3).view({1, 1, 3});
  return (x * 7 + y * 13 + c * 29 + (x * y).remainder(31)).remainder(256).to(at::kByte);
}

struct Sums {
  std::int64_t plain, weighted;
  bool operator==(const Sums&) const = default;
};
void PrintTo(const Sums& sums, std::ostream* out) { *out << sums.plain << ", " << sums.weighted; }

// Of the pixels 0..255 that the steps leave, H x W x 3 in a row; weights 0..1008, again and again.
Sums sums(std::vector<view::Step> steps) {
  steps.push_back(view::Normalize{{{0, 0, 0}, {1, 1, 1}}});
  at::Tensor pixels = (view::apply(image().unsqueeze(0), steps, at::kFloat)[0] * 255)
                          .round()
                          .to(at::kLong)
                          .permute({1, 2, 0})
                          .flatten();
  return {pixels.sum().item<std::int64_t>(),
          (pixels * at::arange(pixels.size(0)).remainder(1009)).sum().item<std::int64_t>()};
}

Settings views(const std::string& test) {
  Settings settings;
  for (const char* name : {"views.weak", "views.strong", "views.key"}) settings.set(name, "plain");
  settings.set("views.test", test);
  for (const char* name : {"views.normalisation", "views.test_normalisation"}) settings.set(name, "model");
  return settings;
}

class OwnView : public Miniature {
 protected:
  // The vendored ViT of timm, with this pretrained_cfg.
  model::Snapshot timm(const Value& changes) {
    Path from = Path(WINNOW_SOURCE_DIR) / "tests/golden/model/snapshots/timm-vit-in21k", to = folder_ / "timm";
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    Value config = Value::parse(read_file(from / "config.json"));
    config["pretrained_cfg"].update(changes);
    std::filesystem::remove(to / "config.json");
    write_file_atomically(to / "config.json", config.dump());
    return model::read_snapshot(to);
  }
  Sums of_timm(const Value& changes) { return sums(own_view(timm(changes))); }
  std::string timm_refusal(const Value& changes) {
    return winnow::refusal([&] { own_view(timm(changes)); });
  }
};

// tests/train/reference/own_view.py with timm 1.0.31.
TEST_F(OwnView, OfTimmIsTimms) {
  EXPECT_EQ(of_timm({{"crop_pct", 0.9}, {"interpolation", "bicubic"}}), (Sums{392800, 196758740}));
  EXPECT_EQ(of_timm({{"crop_pct", 0.875}, {"interpolation", "bilinear"}}), (Sums{392111, 196772838}));
  EXPECT_EQ(of_timm({{"crop_pct", nullptr}, {"interpolation", "bilinear"}, {"crop_mode", nullptr}}),
            (Sums{392111, 196772838}))
      << "its defaults";
  EXPECT_EQ(of_timm({{"crop_pct", 0.95}, {"crop_mode", "squash"}, {"interpolation", "bicubic"}}),
            (Sums{393116, 197087789}));
  EXPECT_EQ(of_timm({{"crop_pct", 1.0}, {"crop_mode", "squash"}, {"interpolation", "lanczos"}}),
            (Sums{394013, 197480688}));
  EXPECT_EQ(of_timm({{"crop_pct", 0.9}, {"interpolation", "box"}}), (Sums{393441, 197096478}));
  EXPECT_EQ(of_timm({{"crop_pct", 0.9}, {"interpolation", "hamming"}}), (Sums{392968, 196878342}));
}

// The same with open_clip 3.3.0.
TEST_F(OwnView, OfOpenClipIsOpenClips) {
  auto steps = [](const Value& config) {
    std::vector<view::Step> all = view::parse_preprocessor(
        Value::parse(text::open_clip_preprocessor({{"preprocess_cfg", config}}, 32, "snap")), "snap");
    all.pop_back();
    return all;
  };
  EXPECT_EQ(sums(steps(Value::object())), (Sums{394358, 197608249})) << "its defaults";
  EXPECT_EQ(sums(steps({{"size", {32, 32}}, {"interpolation", "bilinear"}, {"resize_mode", "shortest"}})),
            (Sums{394321, 197560487}));
  EXPECT_EQ(sums(steps({{"resize_mode", "squash"}, {"interpolation", "bicubic"}})), (Sums{393984, 197475784}));
}

TEST_F(OwnView, IsOnlyReadWhereAViewAsksForIt) {
  model::Snapshot snapshot = timm(Value::object());
  snapshot.files["preprocessor_config.json"] = "{}";
  EXPECT_FALSE(StageViews::from(views("plain")).show_models_own());
  EXPECT_TRUE(StageViews::from(views("model")).show_models_own());
  Settings of_a_method = views("plain");
  of_a_method.set("views.other", "model");
  EXPECT_TRUE(StageViews::from(of_a_method).show_models_own());
  EXPECT_THAT(winnow::refusal([&] { own_view(snapshot); }), HasSubstr("image_processor_type '' is not known"));
}

TEST_F(OwnView, WhatIsNotKnownIsNamed) {
  EXPECT_THAT(timm_refusal({{"interpolation", "bicubik"}}),
              HasSubstr("pretrained_cfg.interpolation: \"bicubik\" is not known (did you mean 'bicubic'?); known: "
                        "bicubic, bilinear, lanczos, box, hamming"));
  EXPECT_THAT(timm_refusal({{"crop_mode", "border"}}),
              HasSubstr("pretrained_cfg.crop_mode: \"border\" is not known; known: center, squash"));
  EXPECT_THAT(timm_refusal({{"crop_pct", 1.5}}),
              HasSubstr("pretrained_cfg.crop_pct: expected a number in (0, 1], got 1.5"));
  EXPECT_THAT(timm_refusal({{"input_size", {3, 32, 48}}}),
              HasSubstr("pretrained_cfg.input_size: expected [3, R, R], got [3,32,48]"));
  EXPECT_THAT(timm_refusal({{"input_size", {3, 64, 64}}}), HasSubstr("images become 64 x 64, the model takes 32 x 32"));
  model::Snapshot snapshot = timm(Value::object());
  snapshot.files["preprocessor_config.json"] =
      R"({"image_processor_type": "CLIPImageProcessor", "size": 32, "do_center_crop": false})";
  EXPECT_THAT(winnow::refusal([&] { own_view(snapshot); }),
              HasSubstr("images become as long as they are, the model takes 32 x 32"));
}

// Images of the data set through a stage's views.
TEST_F(OwnView, IsAViewLikeAnyOther) {
  model::Snapshot snapshot = timm({{"crop_pct", 0.9}});
  std::vector<view::Step> steps = own_view(snapshot);
  data::Pixels pixels(folder_ / "cache");
  view::Normalisation half{{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
  ImageViews::Declared declared{.training = {{"weak", {"model"}}}, .test = ImageViews::Declared::Test{"model"}};
  EXPECT_THROW(ImageViews(pixels, half, 32, at::kFloat, declared), InternalError);
  declared.own = steps;
  ImageViews views(pixels, half, 32, at::kFloat, declared);
  at::Tensor ids = at::arange(2);
  steps.push_back(view::Normalize{half});
  at::Tensor raw = at::from_blob(const_cast<std::uint8_t*>(pixels.train().images.data()), {2, 28, 28, 1}, at::kByte)
                       .expand({2, 28, 28, 3})
                       .contiguous();
  EXPECT_TRUE(at::equal(views.make("train", "weak", ids, 0), view::apply(raw, steps, at::kFloat)));
  EXPECT_FALSE(at::equal(views.make("test", "plain", ids, 0), views.make("train", "plain", ids, 0)))
      << "larger than the crop, cut";
  EXPECT_EQ(views.make("test", "plain", ids, 0).sizes(), (std::vector<std::int64_t>{2, 3, 32, 32}));
}

}  // namespace
}  // namespace winnow::train
