// preprocessor_config.json of Hugging Face snapshots (transformers 4.57:
// image_processing_{clip,siglip,vit,convnext,bit,deit}.py). What timm's and open_clip's snapshots say comes as the type
// Torchvision, of our own: torchvision's Resize and CenterCrop (winnow/text/torchvision_config.h).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "winnow/core/error.h"
#include "winnow/view/step.h"

namespace winnow::view {

namespace {

const std::vector<double> kHalf = {0.5, 0.5, 0.5}, kClipMean = {0.48145466, 0.4578275, 0.40821073},
                          kClipDeviation = {0.26862954, 0.26130258, 0.27577711};

// What a type of processor does where its file is silent: tests/view/reference/image_processors.py compares them with
// transformers.
struct Defaults {
  const char* type;  // up to "ImageProcessor", "FeatureExtractor" and "Fast"
  Value size;
  bool short_side;  // a plain number as the size is that of the short side
  int resample;
  bool center_crop;
  std::int64_t crop;
  std::vector<double> mean, deviation;
};

const std::vector<Defaults>& processors() {
  static const std::vector<Defaults> known = {
      {"CLIP", {{"shortest_edge", 224}}, true, 3, true, 224, kClipMean, kClipDeviation},
      {"ViT", {{"height", 224}, {"width", 224}}, false, 2, false, 0, kHalf, kHalf},
      {"Siglip", {{"height", 224}, {"width", 224}}, false, 3, false, 0, kHalf, kHalf},
      {"ConvNext", {{"shortest_edge", 384}}, true, 2, false, 0, kHalf, kHalf},
      {"Bit", {{"shortest_edge", 224}}, true, 3, true, 224, kClipMean, kClipDeviation},
      {"DeiT", {{"height", 256}, {"width", 256}}, false, 3, true, 224, kHalf, kHalf},
      {"Torchvision", {{"shortest_edge", 224}}, true, 3, true, 224, kHalf, kHalf},  // its writer says all
  };
  return known;
}

// The only steps that are known here; a file that asks for another asks for other images.
constexpr const char* kSteps[] = {"do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb"};

class Config {
 public:
  Config(const Value& json, const std::string& source, const std::string& type)
      : json_(json), source_(source), type_(type) {
    if (!json.is_object()) throw DataError(fmt::format("{} is no JSON object", source));
  }

  // Null: a type that is not known.
  const Defaults* found_defaults() const {
    std::string stem = type();
    for (const char* ending : {"Fast", "Pil", "ImageProcessor", "FeatureExtractor"})
      if (stem.ends_with(ending)) stem.resize(stem.size() - std::string(ending).size());
    for (const Defaults& known : processors())
      if (stem == known.type) return &known;
    return nullptr;
  }

  const Defaults& defaults() const {
    if (const Defaults* found = found_defaults()) return *found;
    std::string names;
    for (const Defaults& known : processors())
      if (std::string(known.type) != "Torchvision")
        names += fmt::format("{}{}ImageProcessor", names.empty() ? "" : ", ", known.type);
    throw DataError(fmt::format("{}: image_processor_type '{}' is not known; known: {}", source_, type(), names));
  }

  void refuse_other_steps() const {
    for (const auto& [key, value] : json_.items())
      if (key.starts_with("do_") && value == Value(true) &&
          std::find(std::begin(kSteps), std::end(kSteps), key) == std::end(kSteps))
        throw DataError(fmt::format("{}: {} is not supported; supported: {}", source_, key, fmt::join(kSteps, ", ")));
  }

  bool given(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  const Value& at(const char* key) const { return json_[key]; }
  std::string text(const char* key) const {
    if (!json_[key].is_string()) refuse(key, "a text");
    return json_[key].get<std::string>();
  }
  bool flag(const char* key, bool fallback) const {
    if (!given(key)) return fallback;
    if (!json_[key].is_boolean()) refuse(key, "true or false");
    return json_[key].get<bool>();
  }
  double real(const char* key, double fallback) const {
    if (!given(key)) return fallback;
    if (!json_[key].is_number()) refuse(key, "a number");
    return json_[key].get<double>();
  }
  std::vector<double> three(const char* key, const std::vector<double>& fallback) const {
    if (!given(key)) return fallback;
    const Value& value = json_[key];
    if (!value.is_array() || value.size() != 3 ||
        !std::all_of(value.begin(), value.end(), [](const Value& v) { return v.is_number(); }))
      refuse(key, "three numbers");
    return value.get<std::vector<double>>();
  }
  // One number for all channels, too.
  std::vector<double> channels(const char* key, const std::vector<double>& fallback) const {
    if (given(key) && json_[key].is_number()) return std::vector<double>(3, json_[key].get<double>());
    return three(key, fallback);
  }
  static bool is_length(const Value& value) {
    return value.is_number_integer() && value.get<std::int64_t>() > 0 && value.get<std::int64_t>() < 1 << 16;
  }
  // {"height": h, "width": w}, [h, w] or a number for both. Null entries of a table count as missing.
  Size size(const char* key, const Value& given) const {
    Value value = given;
    if (value.is_object())
      std::erase_if(value.get_ref<Value::object_t&>(), [](const auto& entry) { return entry.second.is_null(); });
    if (is_length(value)) return {value.get<std::int64_t>(), value.get<std::int64_t>()};
    if (value.is_array() && value.size() == 2 && is_length(value[0]) && is_length(value[1]))
      return {value[0].get<std::int64_t>(), value[1].get<std::int64_t>()};
    if (value.is_object() && value.size() == 2 && value.contains("height") && value.contains("width") &&
        is_length(value["height"]) && is_length(value["width"]))
      return {value["height"].get<std::int64_t>(), value["width"].get<std::int64_t>()};
    refuse(key, R"(a number, [h, w] or {"height": h, "width": w})");
  }
  [[noreturn]] void refuse(const char* key, const char* wanted) const {
    throw DataError(fmt::format("{}: {} must be {}{}", source_, key, wanted,
                                json_.contains(key) ? ", got " + json_[key].dump() : ""));
  }

 private:
  std::string type() const {
    for (const char* key : {"image_processor_type", "feature_extractor_type"})
      if (given(key)) return text(key);
    return type_;
  }

  const Value& json_;
  const std::string source_;
  const std::string type_;  // a copy: callers name it in place
};

data::Filter filter_of(const Config& config, int fallback) {
  // Pillow's numbers.
  double number = config.real("resample", fallback);
  switch (number == std::floor(number) && std::abs(number) < 10 ? static_cast<int>(number) : -1) {
    case 1: return data::Filter::lanczos;
    case 2: return data::Filter::bilinear;
    case 3: return data::Filter::bicubic;
    case 4: return data::Filter::box;
    case 5: return data::Filter::hamming;
    default: config.refuse("resample", "1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (hamming)");
  }
}

std::vector<Step> resizing(const Config& config, const Defaults& defaults) {
  Value size = config.given("size") ? config.at("size") : defaults.size;
  data::Filter filter = filter_of(config, defaults.resample);
  if (size.is_object())
    std::erase_if(size.get_ref<Value::object_t&>(), [](const auto& entry) { return entry.second.is_null(); });
  bool convnext = std::string(defaults.type) == "ConvNext";
  bool shorter = size.is_object() ? size.contains("shortest_edge") : size.is_number() && defaults.short_side;
  if (!shorter && convnext) config.refuse("size", R"(a number or {"shortest_edge": s})");
  if (!shorter) return {Resize{0, config.size("size", size), filter}};
  if (size.is_object() && size.size() != 1) config.refuse("size", R"({"shortest_edge": s} alone)");
  const Value& edge = size.is_object() ? size["shortest_edge"] : size;
  if (!Config::is_length(edge)) config.refuse("size", "a number of pixels");
  auto side = edge.get<std::int64_t>();
  if (!convnext) return {Resize{side, {}, filter}};
  // ConvNeXt: small images are resized larger and cropped, large ones are squeezed.
  if (side >= 384) return {Resize{0, {side, side}, filter}};
  double share = config.real("crop_pct", 224.0 / 256);
  if (!(share > 0 && share <= 1)) config.refuse("crop_pct", "a number in (0, 1]");
  return {Resize{static_cast<std::int64_t>(static_cast<double>(side) / share), {}, filter},
          CenterCrop{{side, side}, true}};
}

// x * rescale, then (x - mean) / deviation, as our (x / 255 - mean) / deviation.
Normalisation normalisation_of(const Config& config, const std::vector<double>& mean,
                               const std::vector<double>& deviation) {
  double unit = 255 * (config.flag("do_rescale", true) ? config.real("rescale_factor", 1.0 / 255) : 1.0);
  if (!(unit > 0)) config.refuse("rescale_factor", "positive");
  Normalisation normalisation{{0, 0, 0}, {1, 1, 1}};
  if (config.flag("do_normalize", true))
    normalisation = {config.channels("image_mean", mean), config.channels("image_std", deviation)};
  for (std::size_t c = 0; c < 3; ++c) {
    if (!(normalisation.deviation[c] > 0)) config.refuse("image_std", "positive");
    normalisation.mean[c] /= unit;
    normalisation.deviation[c] /= unit;
  }
  return normalisation;
}

}  // namespace

std::vector<Step> parse_preprocessor(const Value& json, const std::string& source, const std::string& type) {
  Config config(json, source, type);
  const Defaults& defaults = config.defaults();
  config.refuse_other_steps();
  std::vector<Step> steps;
  if (config.flag("do_resize", true)) steps = resizing(config, defaults);
  if (config.flag("do_center_crop", defaults.center_crop)) {
    if (!config.given("crop_size") && !defaults.crop)
      config.refuse("crop_size", R"(given where do_center_crop is: a number or {"height": h, "width": w})");
    steps.push_back(
        CenterCrop{config.size("crop_size", config.given("crop_size") ? config.at("crop_size") : Value(defaults.crop)),
                   std::string(defaults.type) != "Torchvision"});
  }
  steps.push_back(Normalize{normalisation_of(config, defaults.mean, defaults.deviation)});
  return steps;
}

Normalisation parse_normalisation(const Value& json, const std::string& source, const std::string& type) {
  Config config(json, source, type);
  bool complete = config.given("image_mean") && config.given("image_std");
  const Defaults* defaults = complete ? config.found_defaults() : &config.defaults();
  return normalisation_of(config, defaults ? defaults->mean : kHalf, defaults ? defaults->deviation : kHalf);
}

}  // namespace winnow::view
