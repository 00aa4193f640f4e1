// One operation on an image with all of its parameters known: what a view consists of once its draws are made.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/data/resample.h"
#include "winnow/view/view.h"

namespace winnow::view {

using Colour = std::array<std::uint8_t, 3>;
using data::Size;

// What leaves the size as it is and has at most one number. The number's meaning:
enum class Op {
  identity,
  hflip,
  brightness,
  contrast,
  saturation,
  sharpness,  // factor; 1 changes nothing
  hue,        // share of a turn, -0.5..0.5
  grayscale,
  gaussian_blur,  // standard deviation in pixels
  autocontrast,
  equalize,
  posterize,  // bits kept
  solarize,   // threshold
  shear_x,
  shear_y,  // slope
  translate_x,
  translate_y,  // share of width, of height
  rotate,       // degrees, counter-clockwise
};
std::string_view to_string(Op);

struct Adjust {
  Op op = Op::identity;
  double value = 0;
};
struct Resize {
  std::int64_t side = 0;  // of the short side; 0: `size` says all
  Size size;
  data::Filter filter = data::Filter::bilinear;
};
struct Crop {  // what lies outside the image is black
  data::Box box;
};
struct PaddedCrop {  // `padding` pixels of `fill` on every side, then a crop
  std::int64_t padding = 0, top = 0, left = 0;
  Size size;
  Colour fill{};
};
struct ResizedCrop {
  data::Box box;  // inside the image
  Size size;
  data::Filter filter = data::Filter::bilinear;
};
struct CenterCrop {
  Size size;
  bool floor = false;  // offset (H - h) / 2 rounded down, as Hugging Face does, not half to even
};
struct Crops {  // four corners and the centre; with `mirrored`, the same of the mirrored image
  Size size;
  bool mirrored = false;
};
struct Cutout {  // a square of side fraction * width around a centre, in pixels
  double center_x = 0, center_y = 0, fraction = 0;
  Colour fill{};
};
struct Normalize {  // ends a view: pixels become reals
  Normalisation normalisation;
};

using Step = std::variant<Adjust, Resize, Crop, PaddedCrop, ResizedCrop, CenterCrop, Crops, Cutout, Normalize>;
std::string name_of(const Step&);

// {"op": NAME, parameters}; `color_jitter` becomes its parts in its order. UsageError naming the operation and the key
// for an unknown operation, an unknown, missing or wrong key; `where` begins the message.
std::vector<Step> parse_step(const Value& step, const std::string& where);
std::vector<Step> parse_steps(const Value& steps, const std::string& where);

// The steps that a snapshot's preprocessor_config.json asks for: Hugging Face's processors of CLIP, SigLIP, ViT,
// ConvNeXt and their like, with the defaults of the named type where a key is missing, and torchvision's for what timm
// and open_clip say. The last one normalises. `type` ("CLIP", "ViT", ...) is that of a file that names none; empty: it
// must. DataError naming `source` and the key; a step that is asked for and not known here (do_pad, ...) is refused.
std::vector<Step> parse_preprocessor(const Value& json, const std::string& source, const std::string& type = "");
// The last step alone; what else the file says is not looked at. A type that is not known will do where the file says
// mean and deviation.
Normalisation parse_normalisation(const Value& json, const std::string& source, const std::string& type = "");

}  // namespace winnow::view
