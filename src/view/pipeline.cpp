#include "winnow/view/pipeline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "pipelines.h"
#include "winnow/core/error.h"

namespace winnow::view {

namespace {

// "R", "8R/7", "R+24", or a number.
Value pixels(const Value& size, std::int64_t side, const std::string& where) {
  if (size.is_array()) {
    Value both = Value::array();
    for (const Value& one : size) both.push_back(pixels(one, side, where));
    return both;
  }
  if (!size.is_string()) return size;
  std::string text = size.get<std::string>();
  if (text == "R") return side;
  long long times = 0, by = 0, more = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "%lldR/%lld%n", &times, &by, &end) == 2 && end == static_cast<int>(text.size()) &&
      times > 0 && by > 0)
    return side * times / by;
  if (std::sscanf(text.c_str(), "R+%lld%n", &more, &end) == 1 && end == static_cast<int>(text.size()) && more >= 0)
    return side + more;
  throw UsageError(fmt::format("{}: the size '{}' is neither a number nor R, aR/b or R+a", where, text));
}

constexpr double kLargestSize = 1 << 20;

struct Choice {
  const char* op;
  double low, high;
};

// PartialCLIP's RandomAugment: each operation with the range of its value.
constexpr Choice kChoices[] = {
    {"autocontrast", 0, 0},     {"brightness", 0.05, 0.95}, {"color", 0.05, 0.95},  {"contrast", 0.05, 0.95},
    {"equalize", 0, 0},         {"identity", 0, 0},         {"posterize", 4, 8},    {"rotate", -30, 30},
    {"sharpness", 0.05, 0.95},  {"shear_x", -0.3, 0.3},     {"shear_y", -0.3, 0.3}, {"solarize", 0, 256},
    {"translate_x", -0.3, 0.3}, {"translate_y", -0.3, 0.3},
};

// torchvision's RandomResizedCrop.get_params: ten tries, then the largest centred box of a legal ratio.
data::Box draw_box(Size image, double low, double high, double ratio_low, double ratio_high, Stream& stream) {
  auto H = static_cast<double>(image.height), W = static_cast<double>(image.width);
  data::Box box;
  bool found = false;
  for (int attempt = 0; attempt < 10;
       ++attempt) {  // all ten are drawn, so that what follows does not depend on the image
    double area = H * W * stream.uniform(low, high),
           ratio = std::exp(stream.uniform(std::log(ratio_low), std::log(ratio_high)));
    double top = stream.uniform(), left = stream.uniform();
    auto width = static_cast<std::int64_t>(std::nearbyint(std::sqrt(area * ratio)));
    auto height = static_cast<std::int64_t>(std::nearbyint(std::sqrt(area / ratio)));
    if (found || width < 1 || height < 1 || width > image.width || height > image.height) continue;
    found = true;
    box = {static_cast<std::int64_t>(top * static_cast<double>(image.height - height + 1)),
           static_cast<std::int64_t>(left * static_cast<double>(image.width - width + 1)), height, width};
  }
  if (found) return box;
  box = {0, 0, image.height, image.width};
  if (W / H < ratio_low)
    box.height = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::nearbyint(W / ratio_low)), 1, image.height);
  if (W / H > ratio_high)
    box.width = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::nearbyint(H * ratio_high)), 1, image.width);
  box.top = (image.height - box.height) / 2;
  box.left = (image.width - box.width) / 2;
  return box;
}

Op op_of(const char* name) {
  return std::get<Adjust>(parse_step({{"op", name}, {"value", 0}}, "random_augment").at(0)).op;
}

}  // namespace

Pipeline::Part Pipeline::parse_part(Value step, std::int64_t side, const std::string& where) {
  if (step.is_object() && step.contains("size")) step["size"] = pixels(step["size"], side, where);
  Part part;
  std::string op =
      step.is_object() && step.contains("op") && step["op"].is_string() ? step["op"].get<std::string>() : "";
  if (!op.starts_with("random_")) {
    part.fixed = parse_step(step, where);
    return part;
  }
  part.op = op;
  std::vector<std::string> taken = {"op"};
  auto take = [&](const char* key) -> const Value& {
    if (!step.contains(key)) throw UsageError(fmt::format("{}: {}: '{}' is missing", where, op, key));
    taken.push_back(key);
    return step[key];
  };
  auto refuse = [&](const char* key, const std::string& wanted) {
    throw UsageError(fmt::format("{}: {}: {} must be {}, got {}", where, op, key, wanted, step[key].dump()));
  };
  auto real = [&](const char* key, double low, double high) {
    const Value& value = take(key);
    if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high))
      refuse(key, fmt::format("a number in [{}, {}]", low, high));
    return value.get<double>();
  };
  auto range = [&](const char* key, double low, double high, double& from, double& to) {
    const Value& value = take(key);
    bool good = value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
    if (good) from = value[0].get<double>(), to = value[1].get<double>();
    if (!good || !(from >= low && from <= to && to <= high))
      refuse(key, fmt::format("[low, high] within [{}, {}]", low, high));
  };
  auto size = [&] {
    return std::get<CenterCrop>(parse_step({{"op", "center_crop"}, {"size", take("size")}}, where).at(0)).size;
  };
  auto fill = [&] {
    if (!step.contains("fill")) return Colour{};
    return std::get<Cutout>(
               parse_step({{"op", "cutout"}, {"center_x", 0}, {"center_y", 0}, {"fraction", 0}, {"fill", take("fill")}},
                          where)
                   .at(0))
        .fill;
  };
  if (op == "random_resized_crop") {
    part.size = size();
    range("scale", 1e-6, 1, part.low, part.high);
    range("ratio", 1e-3, 1e3, part.ratio_low, part.ratio_high);
    part.filter = data::parse_filter(take("interpolation").get<std::string>());
  } else if (op == "random_crop") {
    part.size = size();
    part.count = static_cast<std::int64_t>(real("padding", 0, kLargestSize));
    part.fill = fill();
  } else if (op == "random_hflip" || op == "random_grayscale") {
    part.probability = real("p", 0, 1);
  } else if (op == "random_color_jitter") {
    part.brightness = real("brightness", 0, 100);
    part.contrast = real("contrast", 0, 100);
    part.saturation = real("saturation", 0, 100);
    part.hue = real("hue", 0, 0.5);
    part.probability = real("p", 0, 1);
  } else if (op == "random_gaussian_blur") {
    range("sigma", 0, 1000, part.low, part.high);
    part.probability = real("p", 0, 1);
  } else if (op == "random_augment") {
    part.count = static_cast<std::int64_t>(real("n", 0, 100));
    part.high = real("cutout", 0, 1);
    part.fill = fill();
  } else {
    std::vector<std::string> known = {"random_resized_crop", "random_crop",      "random_hflip",
                                      "random_color_jitter", "random_grayscale", "random_gaussian_blur",
                                      "random_augment"};
    throw UsageError(fmt::format("{}: unknown operation '{}'{}; known: {}", where, op, did_you_mean(op, known),
                                 fmt::join(known, ", ")));
  }
  for (const auto& [key, value] : step.items())
    if (std::find(taken.begin(), taken.end(), key) == taken.end())
      throw UsageError(fmt::format("{}: {}: unknown key '{}'{}", where, op, key, did_you_mean(key, taken)));
  return part;
}

Pipeline Pipeline::parse(const Value& steps, std::int64_t side, const std::string& where) {
  if (!steps.is_array()) throw UsageError(fmt::format("{}: expected a list of steps, got {}", where, steps.dump()));
  Pipeline result;
  for (const Value& step : steps) {
    result.parts_.push_back(parse_part(step, side, where));
    result.random_ |= !result.parts_.back().op.empty();
  }
  return result;
}

Pipeline Pipeline::of(std::vector<Step> steps) {
  Pipeline result;
  Part& part = result.parts_.emplace_back();
  part.fixed = std::move(steps);
  return result;
}

Pipeline Pipeline::named(std::string_view name, std::int64_t side) {
  for (const NamedPipeline& known : named_pipelines())
    if (name == known.name) return parse(Value::parse(known.steps), side, fmt::format("view {}", name));
  throw UsageError(
      fmt::format("unknown view '{}'{}; known: {}", name, did_you_mean(name, names()), fmt::join(names(), ", ")));
}

const std::vector<std::string>& Pipeline::names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> result;
    for (const NamedPipeline& known : named_pipelines()) result.emplace_back(known.name);
    return result;
  }();
  return all;
}

void Pipeline::draw_part(const Part& part, Size& image, Stream& stream, std::vector<Step>& steps) const {
  auto W = static_cast<double>(image.width), H = static_cast<double>(image.height);
  if (part.op == "random_resized_crop") {
    steps.push_back(ResizedCrop{draw_box(image, part.low, part.high, part.ratio_low, part.ratio_high, stream),
                                part.size, part.filter});
    image = part.size;
  } else if (part.op == "random_crop") {
    std::int64_t room_y = image.height + 2 * part.count - part.size.height,
                 room_x = image.width + 2 * part.count - part.size.width;
    if (room_y < 0 || room_x < 0)
      throw UsageError(fmt::format("random_crop: {} x {} does not fit into {} x {} with {} pixels of padding",
                                   part.size.height, part.size.width, image.height, image.width, part.count));
    auto top = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(room_y) + 1));
    auto left = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(room_x) + 1));
    steps.push_back(PaddedCrop{part.count, top, left, part.size, part.fill});
    image = part.size;
  } else if (part.op == "random_hflip" || part.op == "random_grayscale") {
    bool happens = stream.uniform() < part.probability;
    steps.push_back(Adjust{!happens ? Op::identity : part.op == "random_hflip" ? Op::hflip : Op::grayscale});
  } else if (part.op == "random_color_jitter") {
    bool happens = stream.uniform() < part.probability;
    std::vector<std::int64_t> order = stream.permutation(4);
    auto factor = [&](double strength) { return stream.uniform(std::max(0.0, 1 - strength), 1 + strength); };
    double brightness = factor(part.brightness), contrast = factor(part.contrast), saturation = factor(part.saturation);
    Adjust drawn[4] = {{Op::brightness, brightness},
                       {Op::contrast, contrast},
                       {Op::saturation, saturation},
                       {Op::hue, stream.uniform(-part.hue, part.hue)}};
    for (std::int64_t k : order) steps.push_back(happens ? drawn[k] : Adjust{});
  } else if (part.op == "random_gaussian_blur") {
    bool happens = stream.uniform() < part.probability;
    double sigma = stream.uniform(part.low, part.high);
    steps.push_back(happens ? Adjust{Op::gaussian_blur, sigma} : Adjust{});
  } else {  // random_augment
    for (std::int64_t k = 0; k < part.count; ++k) {
      const Choice& choice = kChoices[stream.below(std::size(kChoices))];
      steps.push_back(Adjust{op_of(choice.op), stream.uniform(choice.low, choice.high)});
    }
    double fraction = stream.uniform(0, part.high), x = stream.uniform(0, W), y = stream.uniform(0, H);
    steps.push_back(Cutout{x, y, fraction, part.fill});
  }
}

std::vector<Step> Pipeline::draw(Size image, Stream& stream) const {
  std::vector<Step> steps;
  for (const Part& part : parts_) {
    if (!part.op.empty()) {
      draw_part(part, image, stream, steps);
      continue;
    }
    for (const Step& step : part.fixed) {
      if (auto resize = std::get_if<Resize>(&step))
        image = resize->side ? data::short_side(image, resize->side) : resize->size;
      if (auto crop = std::get_if<CenterCrop>(&step)) image = crop->size;
      if (auto crop = std::get_if<ResizedCrop>(&step)) image = crop->size;
      if (auto crop = std::get_if<PaddedCrop>(&step)) image = crop->size;
      if (auto crop = std::get_if<Crop>(&step)) image = {crop->box.height, crop->box.width};
      steps.push_back(step);
    }
  }
  return steps;
}

Pipeline::Beginning Pipeline::beginning() const {
  Beginning result;
  std::vector<Step> steps;
  std::string text;
  for (const Part& part : parts_) {
    for (const Step& step : part.fixed) {
      auto resize = std::get_if<Resize>(&step);
      auto crop = std::get_if<CenterCrop>(&step);
      if (!resize && !crop) return result;
      steps.push_back(step);
      Size size = resize ? resize->size : crop->size;
      bool one_size = crop || !resize->side;
      text += fmt::format(
          "{}{} {}{}", text.empty() ? "" : ", ", name_of(step),
          one_size ? fmt::format("{} x {}", size.height, size.width) : fmt::format("short side {}", resize->side),
          resize        ? fmt::format(" {}", data::to_string(resize->filter))
          : crop->floor ? " floor"
                        : "");
      if (one_size) result = {steps, size, text};
    }
    if (!part.op.empty()) return result;
  }
  return result;
}

Stream view_stream(std::uint64_t seed, std::string_view pipeline, std::uint64_t index, std::int64_t epoch,
                   std::int64_t sample) {
  return Streams(seed, fmt::format("view.{}", pipeline), index)
      .at(static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(sample));
}

namespace {

const std::vector<std::pair<const char*, Normalisation>>& normalisations() {
  static const std::vector<std::pair<const char*, Normalisation>> table = {
      {"clip", {{0.48145466, 0.4578275, 0.40821073}, {0.26862954, 0.26130258, 0.27577711}}},
      {"half", {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}}},
      {"imagenet", {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}},
      {"cifar-10", {{0.4914, 0.4822, 0.4465}, {0.247, 0.243, 0.261}}},
      {"cifar-100", {{0.5071, 0.4867, 0.4408}, {0.2675, 0.2565, 0.2761}}},
      {"plcifar10", {{0.4922, 0.4832, 0.4486}, {0.2456, 0.2419, 0.2605}}},
      {"cifar-10-deft", {{0.4914, 0.4822, 0.4465}, {0.2023, 0.1994, 0.2010}}},
      {"cifar-100-deft", {{0.507, 0.487, 0.441}, {0.267, 0.256, 0.276}}},
      {"clothing1m", {{0.6959, 0.6537, 0.6371}, {0.3113, 0.3192, 0.3214}}},
  };
  return table;
}

}  // namespace

std::vector<std::string> normalisation_names() {
  std::vector<std::string> names;
  for (const auto& [name, values] : normalisations()) names.emplace_back(name);
  return names;
}

Normalisation normalisation_named(std::string_view name) {
  for (const auto& [known, values] : normalisations())
    if (name == known) return values;
  throw UsageError(fmt::format("unknown normalisation '{}'{}; known: {}", name,
                               did_you_mean(name, normalisation_names()), fmt::join(normalisation_names(), ", ")));
}

}  // namespace winnow::view
