// Named pipelines: the views of the three systems' recipes as lists of steps, some of them with draws. Drawing turns a
// pipeline into steps with all parameters known (step.h); any process can do it for any sample and epoch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/core/stream.h"
#include "winnow/view/step.h"

namespace winnow::view {

// Steps with draws, written like step.h's operations. Sizes may be numbers or texts of the model's side R: "R", "8R/7"
// (cut to an integer), "R+24".
//   random_resized_crop  size, scale [low, high] (share of the area), ratio [low, high] (width / height), interpolation
//   random_crop          size, padding, fill          at a uniform place of the padded image
//   random_hflip         p
//   random_color_jitter  brightness, contrast, saturation, hue, p
//                        factors uniform in [max(0, 1 - x), 1 + x], turn in [-x, x], drawn order
//   random_grayscale     p
//   random_gaussian_blur sigma [low, high], p
//   random_augment       n, cutout, fill              PartialCLIP's RandomAugment: n of 14 operations, then a cutout
class Pipeline {
 public:
  // `side`: R in pixels. UsageError for an unknown name, listing the known ones.
  static Pipeline named(std::string_view name, std::int64_t side);
  static const std::vector<std::string>& names();
  static Pipeline of(std::vector<Step> steps);  // without draws
  // UsageError naming the operation and the key; `where` begins the message.
  static Pipeline parse(const Value& steps, std::int64_t side, const std::string& where);

  bool random() const { return random_; }

  // The first steps, as far as they draw nothing and make one size of every image. Whatever begins the same gives the
  // same pixels, `text` names them. No steps: the pipeline draws before it makes a size.
  struct Beginning {
    std::vector<Step> steps;
    Size size;
    std::string text;
  };
  Beginning beginning() const;
  // The steps for one image. The same draws in the same order whatever comes of them.
  std::vector<Step> draw(Size image, Stream&) const;

 private:
  struct Part {
    std::string op;  // "": `fixed`
    std::vector<Step> fixed;
    Size size;
    std::int64_t count = 0;  // padding, n
    double low = 0, high = 0, ratio_low = 0, ratio_high = 0, probability = 1;
    double brightness = 0, contrast = 0, saturation = 0, hue = 0;
    Colour fill{};
    data::Filter filter = data::Filter::bilinear;
  };
  void draw_part(const Part&, Size& image, Stream&, std::vector<Step>&) const;
  static Part parse_part(Value step, std::int64_t side, const std::string& where);

  std::vector<Part> parts_;
  bool random_ = false;
};

// The stream of one sample's view; `index` distinguishes two views of one pipeline.
Stream view_stream(std::uint64_t seed, std::string_view pipeline, std::uint64_t index, std::int64_t epoch,
                   std::int64_t sample);

// Named normalisations of the specifications: "clip", "half", "imagenet", "cifar-10", "cifar-100", "plcifar10",
// "cifar-10-deft", "cifar-100-deft", "clothing1m". UsageError listing them.
Normalisation normalisation_named(std::string_view);
std::vector<std::string> normalisation_names();

}  // namespace winnow::view
